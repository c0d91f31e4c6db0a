"""The contract of a new product, written from a sample."""

from __future__ import annotations

import json
import uuid

from lake.contracts.columns import sql_name
from lake.contracts.sample import Sample, SampleColumn, day_column, key_column

_LOGICAL = {
    "boolean": "boolean", "smallint": "integer", "int": "integer", "bigint": "integer", "decimal": "number",
    "double": "number", "varchar": "string", "date": "date", "timestamp": "timestamp",
}  # fmt: skip
ROW_NUMBER = "row_no"
DELIVERY_DAY = "delivery_day"


def contract_text(product: str, sample: Sample, owner: str) -> str:
    """Return the YAML of a contract.

    :param product: name of the product
    :param sample: what is known of the delivery
    :param owner: team that answers for it
    """
    columns, key = sample.columns, key_column(sample.columns)
    row_number = _free(ROW_NUMBER, columns)
    parts = [_HEAD.format(product=product, id=uuid.uuid5(uuid.NAMESPACE_URL, f"sluice/{product}"), owner=owner)]
    if sample.delimiter != ",":
        parts.append(f"      - {{property: csv, value: {{delimiter: {json.dumps(sample.delimiter)}}}}}\n")
    if sample.null_texts:
        texts = json.dumps(list(sample.null_texts))
        parts.append(f"      - {{property: nullValues, value: {texts}}}\n")
    parts.append(_TABLE.format(product=product))
    if key is None:
        parts.append(_ROW_NUMBER.format(product=product, name=row_number))
    parts += [_column_text(product, column, is_key=column is key) for column in columns]
    parts.append(_day_text(product, columns))
    parts.append(_RULES.format(key=_word(key.name) if key else row_number))
    if day_column(columns):
        parts.append(_DAY_RULE.format(day=partition_column(columns)))
    parts.append(_TAIL.format(owner=owner))
    return "".join(parts)


def partition_column(columns: list[SampleColumn]) -> str:
    """Return the name of the published table's partition column.

    :param columns: delivered columns
    """
    day = day_column(columns)
    if day is None:
        return _free(DELIVERY_DAY, columns)
    name = day.name.rstrip("_").removesuffix("_date").removesuffix("_time")
    return _free(f"{name}_day", columns)


def _free(name: str, columns: list[SampleColumn]) -> str:
    """Return a name that no delivered column has."""
    taken = {column.name for column in columns}
    return name if name not in taken else _free(f"{name}_of_row", columns)


def _word(name: str) -> str:
    """Return a column name for YAML, quoted where YAML would read something else: true, no, null."""
    import yaml

    return name if yaml.safe_load(name) == name else json.dumps(name)


def _column_text(product: str, column: SampleColumn, is_key: bool) -> str:
    lines = [f"      - name: {_word(column.name)}"]
    lines.append(f"        description: {json.dumps(f'{column.header} as delivered.', ensure_ascii=False)}")
    lines.append(f"        logicalType: {_LOGICAL[column.physical_type.split('(')[0]]}")
    lines.append(f"        physicalType: {column.physical_type}")
    lines.append(f"        required: {str(column.required).lower()}")
    if is_key:
        lines += ["        primaryKey: true", "        primaryKeyPosition: 1"]
    lines.append(f"        classification: {'restricted' if column.looks_personal else 'internal'}")
    if column.looks_personal:
        lines.append("        tags: [pii]")
    source = json.dumps(f"landing.{product}.{column.header}", ensure_ascii=False)
    lines.append(f"        transformSourceObjects: [{source}]")
    if column.header != column.name or sql_name(column.header) != column.header:
        logic = json.dumps(f"trim({sql_name(column.header)})", ensure_ascii=False)
        lines.append(f"        transformLogic: {logic}")
    if column.time_format:
        lines.append(f"        logicalTypeOptions: {{format: {json.dumps(column.time_format)}}}")
    if column.looks_personal:
        lines.append("        customProperties:")
        lines.append(f"          - {{property: masking, value: {{method: hmac-sha256, domain: {_word(column.name)}}}}}")
    return "\n".join(lines) + "\n"


def _day_text(product: str, columns: list[SampleColumn]) -> str:
    day = day_column(columns)
    logic = f"CAST({day.name} AS date)" if day else "${ingest_date}"
    source = json.dumps(f"landing.{product}.{day.header}", ensure_ascii=False) if day else ""
    line = f"        transformSourceObjects: [{source}]\n" if day else ""
    return _DAY.format(name=partition_column(columns), logic=json.dumps(logic), source=line)


_HEAD = """\
# The data contract of the product `{product}` (Open Data Contract Standard v3.2).
# After an edit run `make contracts` and commit what it writes; CI refuses stale output.
apiVersion: v3.2.0
kind: DataContract
id: {id}
name: {product}
version: 0.1.0
status: draft
domain: sales
dataProduct: {product}
description:
  purpose: Rows of {product} as delivered, typed and de-duplicated.

servers:
  - server: landing
    type: s3
    location: s3://${{landing}}/{product}/
    format: csv
    encoding: UTF-8
    customProperties:
      - {{property: partitionKey, value: ingest_date}}
      - {{property: completeness, value: {{marker: _SUCCESS}}}}
      - {{property: onRefusedFile, value: stop}}
"""

_TABLE = """\
  - server: curated
    type: glue
    account: ${{account}}
    database: curated
    location: s3://${{curated}}/{product}/
    format: parquet

schema:
  - name: {product}
    physicalName: {product}
    physicalType: table
    logicalType: object
    properties:
"""

_ROW_NUMBER = """\
      - name: {name}
        description: Position within the day, in the order of the values; no delivered column identifies a row.
        logicalType: integer
        physicalType: int
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        classification: internal
        customProperties:
          - {{property: generatedBy, value: glue_jobs.{product}.transforms.finish}}
"""

_DAY = """\
      - name: {name}
        description: Day of the row; the partition of the published table.
        logicalType: date
        physicalType: date
        required: true
        partitioned: true
        partitionKeyPosition: 1
        classification: internal
{source}        transformLogic: {logic}
        customProperties:
          - {{property: derived, value: true}}
"""

_RULES = """
    # Columns bring rules of their own: <column>_missing, _unreadable, _malformed, _too_long. Write the business rules
    # here, one predicate each, true for a bad row. See online_retail.odcs.yaml for examples.
    quality:
      - id: rows_published
        name: A delivered day has rows
        type: library
        metric: rowCount
        mustBeGreaterThan: 0
        dimension: coverage
        severity: error
      - id: key_unique
        name: The key identifies a row
        type: library
        metric: duplicateValues
        arguments: {{properties: [{key}]}}
        mustBe: 0
        dimension: uniqueness
        severity: error
"""

_DAY_RULE = """\
      - id: row_of_another_day
        name: A delivery holds the rows of its day
        description: A row of another day would replace rows of a partition that another run published.
        type: custom
        engine: sluice
        dimension: timeliness
        severity: error
        implementation: {{failsWhen: "{day} <> ${{ingest_date}}"}}
"""

_TAIL = """
team:
  name: {owner}

support:
  - {{channel: {owner}, tool: email, scope: issues, url: "mailto:{owner}@example.com"}}

roles:
  - {{role: data-engineer, access: read}}
  - {{role: airflow, access: write}}
  - {{role: glue, access: write}}

slaProperties:
  - {{property: frequency, value: 1, unit: d, scheduler: airflow, schedule: "0 3 * * *"}}

customProperties:
  - property: quarantine
    value: {{warnPercent: 5, maxPercent: 20, retentionDays: 365}}
  - property: lfTags
    value: {{domain: sales, classification: internal}}
"""
