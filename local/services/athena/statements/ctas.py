"""CREATE TABLE AS SELECT: files first, the catalog last, so that a failed query leaves no table."""

from __future__ import annotations

from sqlglot import exp

from local.services.athena.catalog import Column
from local.services.athena.errors import QueryFailed
from local.services.athena.governance import compile_tree
from local.services.athena.guard import as_query, check_function_names, parse_statement
from local.services.athena.hive_types import hive_type, stored_type
from local.services.athena.names import as_folder
from local.services.athena.references import qualified_name
from local.services.athena.session import QuerySession
from local.services.athena.statements import iceberg_tables
from local.services.athena.statements.partition_folders import register_partitions
from local.services.athena.statements.properties import WithProperties
from local.services.athena.statements.result import DDL, StatementResult, done
from local.services.athena.statements.table_formats import TABLE_FORMATS
from local.services.athena.statements.writing import FileLayout, write_files

SUBSTATEMENT = "CREATE_TABLE_AS_SELECT"
_PROPERTIES = frozenset(
    [
        "format",
        "write_compression",
        "parquet_compression",
        "orc_compression",
        "compression_level",
        "external_location",
        "location",
        "partitioned_by",
        "partitioning",
        "bucketed_by",
        "bucket_count",
        "field_delimiter",
        "table_type",
        "is_external",
        "vacuum_max_snapshot_age_seconds",
        "vacuum_min_snapshots_to_keep",
        "optimize_rewrite_delete_file_threshold",
        "optimize_rewrite_data_file_threshold",
    ]
)
_ENFORCED = (
    "The Create Table As Select query failed because it was submitted with an 'external_location' "
    "property to an Athena "
    "Workgroup that enforces a centralized output location for all queries. Please remove the "
    "'external_location' property "
    "and resubmit the query."
)


def is_ctas(statement: exp.Expr) -> bool:
    return (
        isinstance(statement, exp.Create) and statement.kind == "TABLE" and isinstance(statement.expression, exp.Expr)
    )


def create_table_as(session: QuerySession, sql: str) -> StatementResult:
    statement = parse_statement(sql)
    assert isinstance(statement, exp.Create)
    properties = WithProperties(statement)
    properties.require_known(_PROPERTIES)
    target = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
    database, name = qualified_name(target, session.database)
    if session.catalog.database(database) is None:
        raise QueryFailed("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist")
    location = _location(session, properties)
    session.authorizer.require("CREATE_TABLE", database)
    session.authorizer.require("DATA_LOCATION_ACCESS", database, None, location)
    if session.catalog.table(database, name) is not None:
        if statement.args.get("exists"):
            return done(DDL, SUBSTATEMENT)
        raise QueryFailed(
            "TABLE_ALREADY_EXISTS", f"line 1:1: Destination table 'awsdatacatalog.{database}.{name}' already exists"
        )
    check_function_names(sql.split("(", 1)[0] + _body(sql), statement)
    query = as_query(statement.expression.copy())
    if (properties.text("table_type") or "").upper() == "ICEBERG":
        return iceberg_tables.create_as(session, query, database, name, location, properties)
    return _create_hive_table(session, query, database, name, location, properties)


def _body(sql: str) -> str:
    """The text behind AS: names in WITH (...) are properties, not functions."""
    upper = sql.upper()
    for start in ("SELECT", "VALUES"):
        position = upper.find(start)
        if position >= 0:
            return " " + sql[position:]
    return ""


def _create_hive_table(
    session: QuerySession, query: exp.Query, database: str, name: str, location: str, properties: WithProperties
) -> StatementResult:
    compiled = compile_tree(session, query)
    partition_by = properties.names("partitioned_by")
    layout = FileLayout(
        format=(properties.text("format") or "PARQUET").upper(),
        codec=properties.text("write_compression")
        or properties.text("parquet_compression")
        or properties.text("orc_compression"),
        partition_by=partition_by,
        bucket_by=properties.names("bucketed_by"),
        buckets=properties.count("bucket_count"),
        field_delimiter=properties.text("field_delimiter") or "\x01",
    ).checked()
    if not session.storage.is_empty(location):
        raise QueryFailed(
            "HIVE_PATH_ALREADY_EXISTS",
            f"Target directory for table '{database}.{name}' already exists: {location}. You may "
            f"need to manually clean the "
            "data at location before retrying. Athena will not delete data in your account.",
        )
    layout.prepare(session)
    session.harden(compiled.folders, location)
    types = session.result_types(compiled.sql)
    columns = result_columns(types)
    _check_columns(columns, partition_by, layout)
    rows = write_files(session, compiled.sql, types, location, layout)
    session.before_commit(location)
    _register(session, database, name, columns, location, layout, rows)
    return done(DDL, SUBSTATEMENT, rows)


def result_columns(types: list[tuple[str, str]]) -> list[Column]:
    """Table columns for a query's result.

    :raises QueryFailed: a column without a name, twice the same name.
    """
    columns = [Column(name.lower(), stored_type(hive_type(kind))) for name, kind in types]
    for number, column in enumerate(columns):
        if column.name == f"_col{number}":
            raise QueryFailed("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {number + 1}")
        if any(column.name == other.name for other in columns[:number]):
            raise QueryFailed(
                "DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{column.name}' specified more than once"
            )
    return columns


def _check_columns(columns: list[Column], partition_by: list[str], layout: FileLayout) -> None:
    names = [column.name for column in columns]
    if partition_by and (names[-len(partition_by) :] != partition_by or len(names) == len(partition_by)):
        raise QueryFailed(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table properties: "
            f"[{', '.join(partition_by)}]",
        )
    for name in layout.bucket_by:
        if name not in names:
            raise QueryFailed("INVALID_TABLE_PROPERTY", f"Bucketing columns [{name}] not present in schema")
    if layout.bucket_by and not layout.buckets:
        raise QueryFailed("INVALID_TABLE_PROPERTY", "Properties 'bucketed_by' and 'bucket_count' must be set together")


def _location(session: QuerySession, properties: WithProperties) -> str:
    """:raises QueryFailed: the workgroup enforces where results go."""
    given = properties.text("external_location") or properties.text("location")
    if given is None:
        return f"{as_folder(session.output_location)}tables/{session.execution_id}/"
    if properties.text("external_location") and session.output_enforced:
        raise QueryFailed("", _ENFORCED)
    return as_folder(given)


def _register(
    session: QuerySession, database: str, name: str, columns: list[Column], location: str, layout: FileLayout, rows: int
) -> None:
    stored = TABLE_FORMATS[layout.format]
    keys = columns[len(columns) - len(layout.partition_by) :]
    data = columns[: len(columns) - len(layout.partition_by)]
    serde = {"field.delim": layout.field_delimiter} if layout.format == "TEXTFILE" else {"serialization.format": "1"}
    session.catalog.create_table(
        database,
        {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": column.name, "Type": column.type} for column in keys],
            "Parameters": {
                "EXTERNAL": "TRUE",
                "classification": layout.format.lower(),
                "has_encrypted_data": "false",
                "numRows": str(rows),
                "write.compression": layout.codec or "",
            },
            "StorageDescriptor": {
                "Columns": [{"Name": column.name, "Type": column.type} for column in data],
                "Location": location,
                "InputFormat": stored.input_format,
                "OutputFormat": stored.output_format,
                "Compressed": False,
                "NumberOfBuckets": layout.buckets or -1,
                "BucketColumns": list(layout.bucket_by),
                "SerdeInfo": {"SerializationLibrary": stored.serde, "Parameters": serde},
            },
        },
    )
    if keys:
        register_partitions(session, session.catalog.hive_table(database, name))
