"""CREATE DATABASE, CREATE EXTERNAL TABLE and DROP, in Hive's dialect."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local.services.athena.catalog import Column
from local.services.athena.errors import QueryFailed, hive_failure, semantic_failure
from local.services.athena.functions.nodes import Node
from local.services.athena.hive_types import duckdb_type
from local.services.athena.names import as_folder, s3_address
from local.services.athena.references import qualified_name
from local.services.athena.session import QuerySession
from local.services.athena.statements import iceberg_tables
from local.services.athena.statements.result import DDL, StatementResult, done
from local.services.athena.statements.table_formats import TABLE_FORMATS

_DROP = re.compile(
    r"^DROP\s+(?P<kind>TABLE|VIEW|DATABASE|SCHEMA)\s+(?P<lenient>IF\s+EXISTS\s+)?(?P<name>\S+)(?P<cascade>\s+CASCADE)?\s*$",
    re.I,
)
_PROPERTY = re.compile(r"""['"]([^'"]+)['"]\s*=\s*['"]([^'"]*)['"]""")
_DELIMITERS = {
    "fields": "field.delim",
    "escaped": "escape.delim",
    "collection_items": "collection.delim",
    "map_keys": "mapkey.delim",
    "lines": "line.delim",
    "null": "serialization.null.format",
}


@dataclass
class _TableClauses:
    """The clauses of CREATE EXTERNAL TABLE."""

    location: str = ""
    partition_keys: list[dict[str, str]] = field(default_factory=list)
    transforms: list[Node] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    comment: str = ""
    serde: str | None = None
    serde_properties: dict[str, str] = field(default_factory=dict)
    format: str = "TEXTFILE"
    input_format: str | None = None
    output_format: str | None = None
    external: bool = False


def assigned_properties(text: str) -> dict[str, str]:
    """Names and values of a TBLPROPERTIES list.

    :param text: what stands between its parentheses.
    """
    return dict(_PROPERTY.findall(text))


def parse_hive(sql: str) -> Node:
    """:raises QueryFailed: not Hive DDL."""
    try:
        return sqlglot.parse_one(sql, read="athena")
    except SqlglotError as error:
        raise QueryFailed("", "FAILED: ParseException " + str(error).split("\n", 1)[0]) from error


def create(session: QuerySession, sql: str) -> StatementResult:
    statement = parse_hive(sql)
    if not isinstance(statement, exp.Create):
        raise QueryFailed("", f"FAILED: ParseException line 1:7 cannot recognize input near '{sql[7:40]}'")
    if statement.kind in ("SCHEMA", "DATABASE"):
        return _create_database(session, statement)
    if statement.kind != "TABLE" or not isinstance(statement.this, exp.Schema):
        raise QueryFailed("", f"FAILED: ParseException line 1:7 CREATE {statement.kind} needs a list of columns")
    return _create_table(session, statement)


def _create_database(session: QuerySession, statement: exp.Create) -> StatementResult:
    name = (statement.this.name or statement.this.db).lower()
    session.authorizer.require("CREATE_DATABASE", name)
    if session.catalog.database(name) is not None:
        if statement.args.get("exists"):
            return done(DDL, "CREATE_DATABASE")
        raise hive_failure(f"AlreadyExistsException(message:Database {name} already exists.)")
    description: dict[str, Any] = {}
    for node in _properties(statement):
        if isinstance(node, exp.LocationProperty):
            description["LocationUri"] = node.this.name
        elif isinstance(node, exp.SchemaCommentProperty):
            description["Description"] = node.this.name
    session.catalog.create_database(name, description)
    return done(DDL, "CREATE_DATABASE")


def _create_table(session: QuerySession, statement: exp.Create) -> StatementResult:
    database, name = qualified_name(statement.this.this, session.database)
    if session.catalog.database(database) is None:
        raise semantic_failure(f"[Error 10072]: Database does not exist: {database}")
    clauses = _read_clauses(statement)
    columns = [column_definition(column) for column in statement.this.expressions]
    session.authorizer.require("CREATE_TABLE", database)
    if clauses.location:
        session.authorizer.require("DATA_LOCATION_ACCESS", database, None, as_folder(clauses.location))
    if session.catalog.table(database, name) is not None:
        if statement.args.get("exists"):
            return done(DDL, "CREATE_TABLE")
        raise hive_failure(f"AlreadyExistsException(message:Table {name} already exists.)")
    if not clauses.location:
        raise hive_failure(f"MetaException(message:Table {name} needs a LOCATION)")
    s3_address(clauses.location)
    if clauses.properties.get("table_type", "").upper() == "ICEBERG":
        typed = [Column(c["Name"], c["Type"], c.get("Comment", "")) for c in columns]
        return iceberg_tables.create(
            session, database, name, typed, clauses.location, clauses.properties, clauses.transforms
        )
    if not clauses.external:
        raise QueryFailed("", "FAILED: ParseException External keyword required for table type HIVE")
    session.catalog.create_table(database, _table_input(name, columns, clauses))
    return done(DDL, "CREATE_TABLE")


def _table_input(name: str, columns: list[dict[str, str]], clauses: _TableClauses) -> dict[str, Any]:
    stored = TABLE_FORMATS.get(clauses.format)
    if stored is None:
        raise QueryFailed(
            "", f"FAILED: SemanticException Unrecognized file format in STORED AS clause: '{clauses.format}'"
        )
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": clauses.partition_keys,
        "Parameters": {
            "EXTERNAL": "TRUE",
            **clauses.properties,
            **({"comment": clauses.comment} if clauses.comment else {}),
        },
        "StorageDescriptor": {
            "Columns": columns,
            "Location": clauses.location,
            "InputFormat": clauses.input_format or stored.input_format,
            "OutputFormat": clauses.output_format or stored.output_format,
            "Compressed": False,
            "NumberOfBuckets": -1,
            "SerdeInfo": {
                "SerializationLibrary": clauses.serde or stored.serde,
                "Parameters": clauses.serde_properties or {"serialization.format": "1"},
            },
        },
    }


def _read_clauses(statement: exp.Create) -> _TableClauses:
    clauses = _TableClauses()
    for node in _properties(statement):
        _read_clause(node, clauses)
    return clauses


def _read_clause(node: Node, clauses: _TableClauses) -> None:
    if isinstance(node, exp.ExternalProperty):
        clauses.external = True
    elif isinstance(node, exp.PartitionedByProperty):
        for item in node.this.expressions:
            if isinstance(item, exp.ColumnDef):
                clauses.partition_keys.append(column_definition(item))
            else:
                clauses.transforms.append(item)
    elif isinstance(node, exp.LocationProperty):
        clauses.location = node.this.name
    elif isinstance(node, exp.SchemaCommentProperty):
        clauses.comment = node.this.name
    elif isinstance(node, exp.FileFormatProperty):
        _read_format(node, clauses)
    elif isinstance(node, (exp.RowFormatSerdeProperty, exp.SerdeProperties, exp.RowFormatDelimitedProperty)):
        _read_row_format(node, clauses)
    elif type(node) is exp.Property:
        key = node.this.name if isinstance(node.this, exp.Expr) else str(node.this)
        clauses.properties[key] = node.args["value"].name


def _read_format(node: exp.FileFormatProperty, clauses: _TableClauses) -> None:
    if isinstance(node.this, exp.InputOutputFormat):
        clauses.input_format = node.this.args["input_format"].name
        clauses.output_format = node.this.args["output_format"].name
    else:
        clauses.format = node.this.name.upper()


def _read_row_format(node: Node, clauses: _TableClauses) -> None:
    if isinstance(node, exp.RowFormatSerdeProperty):
        clauses.serde = node.this.name
        given = node.args.get("serde_properties")
        clauses.serde_properties |= {p.this.name: p.args["value"].name for p in (given.expressions if given else ())}
    elif isinstance(node, exp.SerdeProperties):
        clauses.serde_properties |= {p.this.name: p.args["value"].name for p in node.expressions}
    else:
        for clause, parameter in _DELIMITERS.items():
            if node.args.get(clause) is not None:
                clauses.serde_properties[parameter] = _unescaped(node.args[clause].name)


def _unescaped(text: str) -> str:
    r"""``\001`` and ``\t`` of a DDL literal as the character they stand for."""
    return text.encode().decode("unicode_escape") if "\\" in text and len(text) > 1 else text


def column_definition(column: Node) -> dict[str, str]:
    """A Glue column of a DDL column.

    :raises QueryFailed: unknown type.
    """
    kind = column.args.get("kind")
    if kind is None:
        raise QueryFailed("", f"FAILED: ParseException column {column.name} needs a type")
    hive = _hive_spelling(kind)
    duckdb_type(hive)
    definition = {"Name": column.name.lower(), "Type": hive}
    for constraint in column.args.get("constraints") or []:
        if isinstance(constraint.kind, exp.CommentColumnConstraint):
            definition["Comment"] = constraint.kind.this.name
    return definition


def _hive_spelling(kind: Node) -> str:
    text: str = kind.sql("hive").lower()
    return re.sub(r"\s*([,:])\s*", r"\1", text)


def _properties(statement: exp.Create) -> list[Node]:
    given = statement.args.get("properties")
    return list(given.expressions) if given is not None else []


def drop(session: QuerySession, sql: str) -> StatementResult:
    found = _DROP.match(sql)
    if found is None:
        raise QueryFailed("", f"FAILED: ParseException line 1:5 cannot recognize input near '{sql[5:60]}'")
    kind = found["kind"].upper()
    if kind in ("DATABASE", "SCHEMA"):
        return _drop_database(
            session, found["name"].strip('`"').lower(), bool(found["lenient"]), bool(found["cascade"])
        )
    database, name = named_table(found["name"], session.database)
    table = session.catalog.table(database, name)
    if table is None or table.is_view != (kind == "VIEW"):
        if found["lenient"] and table is None:
            return done(DDL, f"DROP_{kind}")
        raise semantic_failure(f"[Error 10001]: {'View' if kind == 'VIEW' else 'Table'} not found {database}.{name}")
    session.authorizer.require("DROP", database, name)
    if table.is_iceberg:
        iceberg_tables.drop(session, table)
    else:
        session.catalog.drop_table(table)
    return done(DDL, f"DROP_{kind}")


def _drop_database(session: QuerySession, name: str, lenient: bool, cascade: bool) -> StatementResult:
    session.authorizer.require("DROP", name)
    if session.catalog.database(name) is None:
        if lenient:
            return done(DDL, "DROP_DATABASE")
        raise semantic_failure(f"[Error 10072]: Database does not exist: {name}")
    tables = session.catalog.tables(name)
    if tables and not cascade:
        raise hive_failure(
            f"InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)"
        )
    for table in tables:
        session.authorizer.require("DROP", name, table.name)
    for table in tables:
        session.catalog.drop_table(table)
    session.catalog.drop_database(name)
    return done(DDL, "DROP_DATABASE")


def named_table(text: str, database: str) -> tuple[str, str]:
    """Database and name of ``table``, ``db.table`` or `` `db`.`table` ``."""
    parts = [part.strip('`"').lower() for part in text.split(".")]
    return (parts[-2] if len(parts) > 1 else database.lower()), parts[-1]
