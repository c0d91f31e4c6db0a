"""The Glue tables a contract owns: what they look like, and how an existing one follows a new contract version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lake.contracts import Contract
from lake.settings import LakeSettings

PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
VERSION, FINGERPRINT = "contract_version", "contract_hash"

QUARANTINE_COLUMNS = (
    ("failed_rules", "array<string>"),
    ("raw", "string"),
    ("source_file", "string"),
    ("source_line", "bigint"),
    ("contract_version", "string"),
    ("contract_hash", "string"),
    ("run_key", "string"),
    ("status", "string"),
    ("decision", "string"),
)
LEDGER_COLUMNS = (
    ("product", "string"),
    ("ingest_date", "string"),
    ("run_key", "string"),
    ("contract_version", "string"),
    ("contract_hash", "string"),
    ("landed", "bigint"),
    ("published", "bigint"),
    ("quarantined", "bigint"),
    ("duplicates", "bigint"),
    ("files", "bigint"),
    ("unreadable_files", "bigint"),
    ("checks_failed", "string"),
    ("recorded_at", "timestamp"),
    ("kind", "string"),
    ("rejected", "bigint"),
    ("verdict", "string"),
)
# Written by record_decision, one object per replay that somebody decided about.
DECISION_COLUMNS = (
    ("decision", "string"),
    ("product", "string"),
    ("ingest_date", "string"),
    ("verdict", "string"),
    ("rule", "string"),
    ("rows", "bigint"),
    ("decided_by", "string"),
    ("decided_at", "timestamp"),
    ("reason", "string"),
    ("decided_with", "string"),
    ("base_version", "string"),
    ("contract_version", "string"),
    ("contract_hash", "string"),
)
JSON_LINES = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
}
# Written by judge_quality, one object per run and table.
HISTORY_COLUMNS = {
    "quality_results": (
        ("product", "string"),
        ("run_key", "string"),
        ("rule", "string"),
        ("name", "string"),
        ("severity", "string"),
        ("dimension", "string"),
        ("engine", "string"),
        ("status", "string"),
        ("failed_rows", "bigint"),
        ("observed", "string"),
        ("expected", "string"),
        ("contract_version", "string"),
        ("published", "boolean"),
        ("recorded_at", "timestamp"),
    ),
    "quality_metrics": (
        ("product", "string"),
        ("run_key", "string"),
        ("column_name", "string"),
        ("metric", "string"),
        ("value", "double"),
        ("text", "string"),
        ("published", "boolean"),
        ("recorded_at", "timestamp"),
    ),
    "quality_scores": (
        ("product", "string"),
        ("run_key", "string"),
        ("dimension", "string"),
        ("score", "double"),
        ("rules", "bigint"),
        ("published", "boolean"),
        ("recorded_at", "timestamp"),
    ),
}
# Athena casts a partition's type to the table's in these pairs (user guide, "Change a column data type": "For
# partitioned tables in Parquet and ORC, a partition's column type can be different from another partition's column
# type"). A partition keeps the type it was published with. Decimals are not in the guide's list.
READ_AS = {"smallint": ("int", "bigint"), "int": ("bigint",), "float": ("double",)}
# What GetTable answers and UpdateTable accepts.
TABLE_INPUT_FIELDS = (
    "Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters",
)  # fmt: skip


class CatalogConflictError(Exception):
    """An existing table cannot follow the contract by itself; the text says why and what to do."""


@dataclass(frozen=True)
class ContractTable:
    """A table that a contract owns.

    :param database: Glue database
    :param definition: Glue ``TableInput``
    """

    database: str
    definition: dict[str, Any]

    @property
    def name(self) -> str:
        """The table's name without its database."""
        return str(self.definition["Name"])


def contract_tables(contract: Contract, lake: LakeSettings) -> list[ContractTable]:
    """:return: the tables of the contract's zones, and the ledger all products share"""
    published = [(column.name, column.type) for column in contract.columns]
    values = [column for column in published if column[0] != contract.partition_column]
    keys = [column for column in published if column[0] == contract.partition_column]
    staging = lake.uri("staging", contract.landing_prefix)
    return [
        ContractTable(
            contract.databases["staging"],
            _definition(
                contract,
                f"Rows of {contract.product} that kept the contract's rules, by run. Not for people: read curated.",
                staging,
                [*published, ("rescued", "string")],
                [("ingest_date", "string"), ("run_key", "string")],
                # Athena finds a run's folder by its two names; nothing is registered per run.
                {
                    "projection.enabled": "true",
                    "projection.ingest_date.type": "injected",
                    "projection.run_key.type": "injected",
                    "storage.location.template": staging + "ingest_date=${ingest_date}/run_key=${run_key}/",
                },
            ),
        ),
        ContractTable(
            contract.databases["curated"],
            _definition(
                contract,
                f"{contract.product}, published. Each partition shows one version of its day.",
                lake.uri("curated", contract.landing_prefix),
                values,
                keys,
            ),
        ),
        ContractTable(
            contract.databases["quarantine"],
            _definition(
                contract,
                f"Rows of {contract.product} that broke a rule, with all reasons. Raw personal data.",
                lake.uri("quarantine", contract.landing_prefix),
                QUARANTINE_COLUMNS,
                [("ingest_date", "string")],
            ),
        ),
        ContractTable(
            "governance",
            _definition(
                None,
                "One row per run and replay of every product: rows landed, published, quarantined, duplicates.",
                lake.uri("governance", "ledger/"),
                LEDGER_COLUMNS,
                [],
                name="ledger",
            ),
        ),
        ContractTable(
            "governance",
            _definition(
                None,
                "One row per decision about quarantined rows: who approved or rejected which, when and why.",
                lake.uri("governance", "decisions/"),
                DECISION_COLUMNS,
                [],
                {"classification": "json"},
                name="decisions",
                file_format=JSON_LINES,
            ),
        ),
        *history_tables(lake),
    ]


def history_tables(lake: LakeSettings) -> list[ContractTable]:
    """:return: the quality history all products share; a query must restrict ``ingest_date``: Athena lists each day"""
    return [
        ContractTable(
            "governance",
            _definition(
                None,
                "Quality history of every product, by day and run. Restrict ingest_date in queries.",
                lake.uri("governance", f"{name}/"),
                columns,
                [("ingest_date", "string")],
                {
                    "classification": "json",
                    "projection.enabled": "true",
                    "projection.ingest_date.type": "date",
                    "projection.ingest_date.format": "yyyy-MM-dd",
                    "projection.ingest_date.range": "2000-01-01,NOW",
                },
                name=name,
                file_format=JSON_LINES,
            ),
        )
        for name, columns in HISTORY_COLUMNS.items()
    ]


def _definition(
    contract: Contract | None,
    description: str,
    location: str,
    columns: Sequence[tuple[str, str]],
    partition_keys: Sequence[tuple[str, str]],
    parameters: Mapping[str, str] | None = None,
    name: str | None = None,
    file_format: Mapping[str, Any] = PARQUET,
) -> dict[str, Any]:
    owned = {VERSION: contract.version, FINGERPRINT: contract.hash} if contract else {}
    return {
        "Name": name or (contract.product if contract else ""),
        "Description": description,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            **file_format,
            "Columns": [{"Name": column, "Type": kind} for column, kind in columns],
            "Location": location,
        },
        "PartitionKeys": [{"Name": column, "Type": kind} for column, kind in partition_keys],
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet", **owned, **(parameters or {})},
    }


def followed(existing: Mapping[str, Any], wanted: ContractTable) -> dict[str, Any] | None:
    """Bring an existing table to the contract's version if that only adds columns.

    :param existing: ``Table`` as GetTable answers it
    :return: the ``TableInput`` for UpdateTable, or None if nothing has to change
    :raises CatalogConflictError: if the contract is older than the table, or differs in more than new columns and
        wider types (``READ_AS``)
    """
    where = f"{wanted.database}.{wanted.name}"
    _refuse_older_contract(where, existing.get("Parameters", {}), wanted.definition["Parameters"])
    have = _columns(existing["StorageDescriptor"]["Columns"])
    want = _columns(wanted.definition["StorageDescriptor"]["Columns"])
    _refuse_other_columns(where, have, want)
    _refuse_other_keys(where, _columns(existing.get("PartitionKeys", [])), _columns(wanted.definition["PartitionKeys"]))
    parameters = {**existing.get("Parameters", {}), **wanted.definition["Parameters"]}
    before = existing["StorageDescriptor"]["Columns"]
    types = {name: want[name] if _is_read_as(kind, want[name]) else kind for name, kind in have.items()}
    kept = [{**column, "Type": types[column["Name"].lower()]} for column in before]
    added = [{"Name": name, "Type": kind} for name, kind in want.items() if name not in have]
    if not added and types == have and parameters == existing.get("Parameters", {}):
        return None
    definition = {name: existing[name] for name in TABLE_INPUT_FIELDS if existing.get(name) is not None}
    storage = {**existing["StorageDescriptor"], "Columns": [*kept, *added]}
    return {**definition, "StorageDescriptor": storage, "Parameters": parameters}


def _is_read_as(old: str, new: str) -> bool:
    """:return: whether Athena reads partitions of the old type as the new one"""
    return new in READ_AS.get(old, ())


def _columns(columns: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {column["Name"].lower(): column["Type"].lower() for column in columns}


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _refuse_older_contract(where: str, have: Mapping[str, str], want: Mapping[str, str]) -> None:
    if VERSION in have and VERSION in want and _version(have[VERSION]) > _version(want[VERSION]):
        raise CatalogConflictError(
            f"{where} follows contract version {have[VERSION]}, this deployment has {want[VERSION]}. "
            "Deploy the newer contract; nothing was changed."
        )


def _refuse_other_columns(where: str, have: Mapping[str, str], want: Mapping[str, str]) -> None:
    changed = [
        f"{name} {have[name]} -> {want[name]}"
        for name in have
        if name in want and have[name] != want[name] and not _is_read_as(have[name], want[name])
    ]
    gone = [name for name in have if name not in want]
    if changed or gone:
        details = "; ".join([*changed, *(f"{name} is not in the contract any more" for name in gone)])
        raise CatalogConflictError(
            f"{where} cannot follow the contract by itself: {details}. This is a breaking change: run the DAG "
            "schema_migration, which sets the published table aside once somebody approves, or publish a new product "
            "beside this one (docs/runbook.md, 'Breaking changes')."
        )


def _refuse_other_keys(where: str, have: Mapping[str, str], want: Mapping[str, str]) -> None:
    if have != want:
        raise CatalogConflictError(
            f"{where} is partitioned by {have}, the contract wants {want}. Partition keys cannot be changed in place: "
            "run the DAG schema_migration (docs/runbook.md, 'Breaking changes')."
        )


def find_partition(catalog: Any, database: str, table: str, value: str) -> dict[str, Any] | None:
    """:param catalog: boto3 Glue client
    :param value: value of the only partition column
    :return: the partition, or None
    """
    try:
        answer = catalog.get_partition(DatabaseName=database, TableName=table, PartitionValues=[value])
    except catalog.exceptions.EntityNotFoundException:
        return None
    return dict(answer["Partition"])


def partition_input(
    table: Mapping[str, Any],
    values: Sequence[str],
    location: str,
    parameters: Mapping[str, str],
    written: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the Glue ``PartitionInput`` that shows ``location``.

    The partition's columns stand in the order of its files, whatever is added to the table later: COPY from Parquet
    goes by position.

    :param table: ``Table`` as GetTable answers it: partitions are stored like their table
    :param values: values of the partition columns, in their order
    :param written: the table that CTAS wrote the files as, where there is one
    :raises CatalogConflictError: if the files have other columns or types than the table
    """
    storage = {**table["StorageDescriptor"], "Location": location}
    if written is not None:
        storage["Columns"] = _file_columns(table, written)
    return {"Values": list(values), "StorageDescriptor": storage, "Parameters": dict(parameters)}


def _file_columns(table: Mapping[str, Any], written: Mapping[str, Any]) -> list[dict[str, str]]:
    """:return: the table's columns in the order of the files"""
    where = f"{table['DatabaseName']}.{table['Name']}"
    have = {name: _hive_type(kind) for name, kind in _columns(written["StorageDescriptor"]["Columns"]).items()}
    want = _columns(table["StorageDescriptor"]["Columns"])
    wrong = [
        f"{name} is {have[name]}, the table says {want.get(name, 'nothing of it')}"
        for name in have
        if have[name] != want.get(name)
    ]
    wrong += [f"{name} is not written" for name in want if name not in have]
    if wrong:
        raise CatalogConflictError(
            f"The conversion did not write what {where} has: {'; '.join(wrong)}. Nothing was shown to readers. "
            f"The SELECT of sql/athena/{table['DatabaseName']}/{table['Name']}.ctas.sql must give each column of the "
            "contract, in its type."
        )
    return [{"Name": name, "Type": want[name]} for name in have]


def _hive_type(kind: str) -> str:
    """:return: the type as the lake's tables spell it; CTAS keeps the length that Trino inferred for a text"""
    return "string" if kind.startswith(("varchar", "char")) else kind
