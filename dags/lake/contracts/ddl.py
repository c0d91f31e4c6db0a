"""The published table of a contract as DDL: Athena (Hive Parquet and Iceberg) and Redshift.

``${...}`` are the lake's names, as in contracts. What DAGs create goes through the Glue API from the same columns
(``lake.catalog``); these texts are for reviews, for other tools, and for the warehouse.
"""

from __future__ import annotations

from typing import Any

from lake.contracts.columns import primary_key


def athena_hive(compiled: dict[str, Any]) -> str:
    """Return CREATE EXTERNAL TABLE for Parquet files in one folder per partition value.

    :param compiled: the compiled contract
    """
    partition = compiled["partition_column"]
    values = [column for column in compiled["columns"] if column["name"] != partition]
    key = next(column for column in compiled["columns"] if column["name"] == partition)
    return f"""\
CREATE EXTERNAL TABLE IF NOT EXISTS `{compiled["databases"]["curated"]}`.`{compiled["product"]}` (
{_athena_columns(values, with_comments=True)}
)
PARTITIONED BY (`{partition}` {key["athena_type"]})
STORED AS PARQUET
LOCATION 's3://${{curated}}/{compiled["product"]}/'
TBLPROPERTIES ('contract_version' = '{compiled["version"]}', 'contract_hash' = '{compiled["hash"]}')
"""


def athena_iceberg(compiled: dict[str, Any]) -> str:
    """Return CREATE TABLE for the same table in Apache Iceberg's format.

    :param compiled: the compiled contract
    """
    return f"""\
CREATE TABLE IF NOT EXISTS {compiled["databases"]["curated"]}.{compiled["product"]}_iceberg (
{_athena_columns(compiled["columns"], iceberg=True)}
)
PARTITIONED BY ({compiled["partition_column"]})
LOCATION 's3://${{curated}}/{compiled["product"]}_iceberg/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd')
"""


def iceberg_type(athena_type: str) -> str:
    """:return: the type of a column in an Iceberg table, which has no smallint (Athena user guide, "Supported data
    types for Iceberg tables in Athena")
    """
    return "int" if athena_type == "smallint" else athena_type


def redshift(compiled: dict[str, Any], schema: str = "${schema}") -> str:
    """Return CREATE TABLE for the warehouse, sorted by the partition column: a day's rows are in few blocks.

    The distribution is left to Redshift (AUTO): a contract does not know the joins of a warehouse. Redshift does not
    enforce primary keys, it plans with them, so the load keeps them true.

    :param compiled: the compiled contract
    :param schema: schema of the table
    """
    lines = [
        f"    {column['name']} {column['redshift_type'].upper()}{' NOT NULL' if column['required'] else ''}"
        for column in compiled["columns"]
    ]
    lines.append(f"    PRIMARY KEY ({', '.join(primary_key(compiled['columns']))})")
    body = ",\n".join(lines)
    return f"""\
CREATE TABLE IF NOT EXISTS {schema}.{compiled["product"]} (
{body}
)
DISTSTYLE AUTO
SORTKEY ({compiled["partition_column"]})
"""


def _athena_columns(columns: list[dict[str, Any]], *, with_comments: bool = False, iceberg: bool = False) -> str:
    lines = []
    for column in columns:
        comment = f" COMMENT {_comment(column['description'])}" if with_comments and column["description"] else ""
        kind = iceberg_type(column["athena_type"]) if iceberg else column["athena_type"]
        lines.append(f"    `{column['name']}` {kind}{comment}")
    return ",\n".join(lines)


def _comment(text: str) -> str:
    # The Glue catalog keeps 255 characters of a comment.
    escaped = text[:255].replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
