"""INSERT INTO and UNLOAD."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local.services.athena.catalog import Table
from local.services.athena.errors import QueryFailed
from local.services.athena.governance import compile_query, compile_tree
from local.services.athena.guard import as_query, check_function_names, parse_statement, position
from local.services.athena.hive_types import duckdb_type
from local.services.athena.names import as_folder, identifier
from local.services.athena.references import qualified_name
from local.services.athena.session import QuerySession
from local.services.athena.statements import iceberg_tables
from local.services.athena.statements.partition_folders import register_partitions
from local.services.athena.statements.properties import WithProperties
from local.services.athena.statements.result import DML, StatementResult, done
from local.services.athena.statements.writing import FileLayout, write_files

_UNLOAD = re.compile(
    r"^UNLOAD\s*\((?P<query>.*)\)\s*TO\s*'(?P<location>[^']+)'\s*WITH\s*\((?P<properties>.*)\)\s*$", re.I | re.S
)
_UNLOAD_PROPERTIES = frozenset(("format", "compression", "compression_level", "field_delimiter", "partitioned_by"))


def insert(session: QuerySession, sql: str) -> StatementResult:
    statement = parse_statement(sql)
    if not isinstance(statement, exp.Insert) or statement.args.get("overwrite"):
        raise QueryFailed("SYNTAX_ERROR", "line 1:8: mismatched input. Expecting: 'INTO'")
    target = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
    database, name = qualified_name(target, session.database)
    table = session.catalog.table(database, name)
    if table is None:
        raise QueryFailed(
            "TABLE_NOT_FOUND", f"{position(target)}Table 'awsdatacatalog.{database}.{name}' does not exist"
        )
    session.authorizer.require("INSERT", database, name)
    if table.is_view:
        raise QueryFailed("NOT_SUPPORTED", f"Inserting into views is not supported: {database}.{name}")
    given = (
        [column.name.lower() for column in statement.this.expressions] if isinstance(statement.this, exp.Schema) else []
    )
    source = statement.expression
    check_function_names(source.sql("trino"), source)
    compiled = compile_tree(session, as_query(source.copy()))
    layout = _layout_of(table)
    layout.prepare(session)
    session.harden(compiled.folders, as_folder(table.location))
    query = _in_table_order(session, compiled.sql, table, given)
    types = [(column.name, duckdb_type(column.type)) for column in table.columns]
    if table.is_iceberg:
        return iceberg_tables.append(session, query, table)
    rows = write_files(session, query, types, table.location, layout)
    session.before_commit(table.location)
    if table.partition_keys:
        register_partitions(session, table)
    return done(DML, "INSERT", rows)


def unload(session: QuerySession, sql: str) -> StatementResult:
    found = _UNLOAD.match(sql)
    if found is None:
        raise QueryFailed(
            "SYNTAX_ERROR", "line 1:1: UNLOAD needs (SELECT ...) TO 's3://bucket/prefix/' WITH (format = '...')"
        )
    properties = _unload_properties(found["properties"])
    properties.require_known(_UNLOAD_PROPERTIES)
    output_format = properties.text("format")
    if output_format is None:
        raise QueryFailed("INVALID_TABLE_PROPERTY", "UNLOAD needs the property format")
    location = as_folder(found["location"])
    session.authorizer.require("DATA_LOCATION_ACCESS", session.database, None, location)
    layout = FileLayout(
        format=output_format.upper(),
        codec=properties.text("compression"),
        partition_by=properties.names("partitioned_by"),
        field_delimiter=properties.text("field_delimiter") or "\x01",
    ).checked()
    compiled = compile_query(session, found["query"])
    if not session.storage.is_empty(location):
        raise QueryFailed(
            "HIVE_PATH_ALREADY_EXISTS", f"Target directory already exists: {location}. UNLOAD needs an empty one."
        )
    layout.prepare(session)
    session.harden(compiled.folders, location)
    rows = write_files(session, compiled.sql, session.result_types(compiled.sql), location, layout)
    session.before_commit(location)
    return done(DML, "UNLOAD", rows)


def _unload_properties(text: str) -> WithProperties:
    try:
        return WithProperties(sqlglot.parse_one(f"CREATE TABLE x WITH ({text}) AS SELECT 1", read="trino"))
    except SqlglotError as error:
        raise QueryFailed("SYNTAX_ERROR", f"UNLOAD: WITH ({text}) cannot be read") from error


def _layout_of(table: Table) -> FileLayout:
    """How new files of a table are written: like the ones that are there."""
    codec = table.parameters.get("write.compression") or table.parameters.get("parquet.compression")
    plain = table.format in ("TEXTFILE", "JSON", "AVRO")
    return FileLayout(
        format=table.format,
        codec=codec if codec and not plain else "UNCOMPRESSED" if plain else None,
        partition_by=[key.name for key in table.partition_keys],
        field_delimiter=table.serde_parameters.get("field.delim", "\x01"),
    ).checked()


def _in_table_order(session: QuerySession, sql: str, table: Table, given: list[str]) -> str:
    """The query with the table's columns; columns that are not given are NULL.

    :raises QueryFailed: number or names of columns do not fit.
    """
    source = session.result_types(sql)
    names = given or [column.name for column in table.columns]
    unknown = [name for name in names if name not in {column.name for column in table.columns}]
    if unknown:
        raise QueryFailed("COLUMN_NOT_FOUND", f"Insert column name does not exist in target table: {unknown[0]}")
    if len(source) != len(names):
        wanted = ", ".join(column.type for column in table.columns if column.name in names)
        raise QueryFailed(
            "TYPE_MISMATCH",
            f"Insert query has mismatched column types: Table: [{wanted}], Query: {len(source)} columns",
        )
    outputs = []
    for column in table.columns:
        value = f"c{names.index(column.name)}" if column.name in names else "NULL"
        outputs.append(f"CAST({value} AS {duckdb_type(column.type)}) AS {identifier(column.name)}")
    columns = ", ".join(f"c{number}" for number in range(len(source)))
    return f"SELECT {', '.join(outputs)} FROM ({sql}) AS source__({columns})"
