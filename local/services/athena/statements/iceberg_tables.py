"""Iceberg tables: DuckDB computes, pyiceberg commits. Changes are copy-on-write over the whole table, in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import sqlglot
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    Transform,
    TruncateTransform,
    YearTransform,
)
from sqlglot import exp

from local.services.athena.catalog import Column, Table
from local.services.athena.errors import PermissionDenied, QueryFailed
from local.services.athena.functions import to_duckdb
from local.services.athena.functions.nodes import Node
from local.services.athena.governance import compile_tree
from local.services.athena.guard import as_query, check, check_function_names, parse_statement, position
from local.services.athena.hive_types import duckdb_type
from local.services.athena.names import identifier
from local.services.athena.references import lower_names, qualified_name
from local.services.athena.session import QuerySession
from local.services.athena.statements.properties import WithProperties
from local.services.athena.statements.result import DDL, DML, StatementResult, done

# Copy-on-write holds the table in memory twice.
_MAX_TABLE_BYTES = 512 * 1024 * 1024
_DEFAULT_SNAPSHOT_AGE_SECONDS = 432_000
_TIME_TRANSFORMS: dict[str, Callable[[], Transform[Any, Any]]] = {
    "year": YearTransform, "years": YearTransform, "month": MonthTransform, "months": MonthTransform,
    "day": DayTransform, "days": DayTransform, "hour": HourTransform, "hours": HourTransform,
}  # fmt: skip


def create(
    session: QuerySession,
    database: str,
    name: str,
    columns: Sequence[Column],
    location: str,
    properties: dict[str, str],
    transforms: Sequence[Node],
) -> StatementResult:
    """CREATE TABLE ... TBLPROPERTIES ('table_type' = 'ICEBERG')."""
    schema = arrow_schema(session, {column.name: column.type for column in columns})
    kept = {key: value for key, value in properties.items() if key not in ("table_type", "format")}
    table = session.iceberg().create_table(
        (database, name), schema=schema, location=location.rstrip("/"), properties=kept
    )
    _partition(table, transforms)
    return done(DDL, "CREATE_TABLE")


def arrow_schema(session: QuerySession, types: Mapping[str, str]) -> pa.Schema:
    """Schema of a table without rows.

    :param types: Hive type by column, in order.
    """
    nulls = ", ".join(f"CAST(NULL AS {duckdb_type(hive)}) AS {identifier(name)}" for name, hive in types.items())
    return session.execute(f"SELECT {nulls} LIMIT 0").to_arrow_table().schema


def create_as(
    session: QuerySession, query: exp.Query, database: str, name: str, location: str, properties: WithProperties
) -> StatementResult:
    """CREATE TABLE ... WITH (table_type = 'ICEBERG') AS SELECT."""
    compiled = compile_tree(session, query)
    if not session.storage.is_empty(location):
        raise QueryFailed("ICEBERG_FILESYSTEM_ERROR", f"Cannot create a table on a non-empty location: {location}")
    session.harden(compiled.folders)
    rows = session.execute(compiled.sql).to_arrow_table()
    session.count_bytes()
    session.before_commit()
    table = session.iceberg().create_table((database, name), schema=rows.schema, location=location.rstrip("/"))
    try:
        _partition(table, [sqlglot.parse_one(text, read="trino") for text in properties.names("partitioning")])
        table.append(rows)
    except BaseException:
        session.iceberg().drop_table((database, name))
        raise
    return done(DDL, "CREATE_TABLE_AS_SELECT", rows.num_rows)


def append(session: QuerySession, query: str, target: Table) -> StatementResult:
    """INSERT INTO."""
    rows = session.execute(query).to_arrow_table()
    session.count_bytes()
    session.before_commit()
    table = load(session, target)
    commit(lambda: table.append(_fitted(rows, table)))
    return done(DML, "INSERT", rows.num_rows)


def change(session: QuerySession, sql: str) -> StatementResult:
    """UPDATE, DELETE and MERGE: run in DuckDB on a copy of the table, committed as one overwrite."""
    statement = parse_statement(sql)
    check_function_names(sql, statement)
    lower_names(statement)
    target = statement.this
    if not isinstance(target, exp.Table):
        raise QueryFailed("SYNTAX_ERROR", "line 1:1: a table is expected")
    database, name = qualified_name(target, session.database)
    table = session.catalog.table(database, name)
    if table is None:
        raise QueryFailed(
            "TABLE_NOT_FOUND", f"{position(target)}Table 'awsdatacatalog.{database}.{name}' does not exist"
        )
    kind = type(statement).__name__.upper()
    _require_rights(session, table, kind)
    if not table.is_iceberg:
        raise QueryFailed(
            "NOT_SUPPORTED", "Modifying Hive table rows is only supported for transactional (Iceberg) tables"
        )
    iceberg = load(session, table)
    _require_size(iceberg, table)
    current = iceberg.scan().to_arrow()
    session.scanned += int(current.nbytes)
    _copy_into(session, current, name)
    _use_copy(target, name)
    folders = _use_source(session, statement)
    check(statement)
    if any(found.db or found.name not in (name, "merge_source__") for found in statement.find_all(exp.Table)):
        raise QueryFailed(
            "NOT_SUPPORTED", f"Subqueries in {kind} are not supported by local Athena; use MERGE ... USING (SELECT ...)"
        )
    text = to_duckdb(statement)
    session.define(text)
    session.harden(folders)
    counted = session.execute(text).fetchone()
    changed = session.execute(f"SELECT * FROM {identifier(name)}").to_arrow_table()
    commit(lambda: iceberg.overwrite(_fitted(changed, iceberg)))
    return done(DML, kind, int(counted[0]) if counted else 0)


def maintain(session: QuerySession, sql: str) -> StatementResult:
    """OPTIMIZE (rewrite into few files) and VACUUM (expire old snapshots)."""
    words = sql.split()
    database, name = _named(words[1], session.database)
    table = session.catalog.table(database, name)
    if table is None:
        raise QueryFailed("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{name}' does not exist")
    _require_rights(session, table, "UPDATE")
    if not table.is_iceberg:
        raise QueryFailed("NOT_SUPPORTED", f"{words[0].upper()} works on Iceberg tables only")
    iceberg = load(session, table)
    if words[0].upper() == "OPTIMIZE":
        _require_size(iceberg, table)
        commit(lambda: iceberg.overwrite(iceberg.scan().to_arrow()))
        return done(DML, "OPTIMIZE")
    age = int(table.parameters.get("vacuum_max_snapshot_age_seconds", _DEFAULT_SNAPSHOT_AGE_SECONDS))
    oldest = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=age)
    commit(lambda: iceberg.maintenance.expire_snapshots().older_than(oldest.replace(tzinfo=None)).commit())
    return done(DML, "VACUUM")


def _named(text: str, database: str) -> tuple[str, str]:
    parts = [part.strip('`"').lower() for part in text.split(".")]
    return (parts[-2] if len(parts) > 1 else database.lower()), parts[-1]


def drop(session: QuerySession, table: Table) -> None:
    """Athena deletes the files of a dropped Iceberg table."""
    session.iceberg().purge_table((table.database, table.name))


def _require_rights(session: QuerySession, table: Table, kind: str) -> None:
    """Whoever rewrites a table must see all of it."""
    for action in ("DELETE",) if kind == "DELETE" else ("INSERT", "DELETE"):
        session.authorizer.require(action, table.database, table.name)
    granted = session.authorizer.select(table)
    if granted.row_filter or granted.cell_filters or len(granted.columns) < len(table.columns):
        raise PermissionDenied(
            f"Insufficient Lake Formation permission(s): Required Select on all columns and rows of {table.name}"
        )


def _require_size(iceberg: Any, table: Table) -> None:
    size = sum(task.file.file_size_in_bytes for task in iceberg.scan().plan_files())
    if size > _MAX_TABLE_BYTES:
        raise QueryFailed(
            "EXCEEDED_MEMORY_LIMIT",
            f"{table.database}.{table.name} has {size} bytes of data; local Athena rewrites Iceberg "
            f"tables in memory, up to "
            f"{_MAX_TABLE_BYTES}. Use INSERT, or run this on AWS.",
        )


def load(session: QuerySession, table: Table) -> Any:
    return session.iceberg().load_table((table.database, table.name))


def _copy_into(session: QuerySession, rows: pa.Table, name: str) -> None:
    session.connection.register("current__", rows)
    session.execute(f"CREATE TEMP TABLE {identifier(name)} AS SELECT * FROM current__")
    session.connection.unregister("current__")


def _use_copy(target: exp.Table, name: str) -> None:
    alias = exp.TableAlias(this=exp.to_identifier(target.alias)) if target.alias else None
    target.replace(exp.Table(this=exp.to_identifier(name, quoted=True), alias=alias))


def _use_source(session: QuerySession, statement: Node) -> set[str]:
    """MERGE's source, governed and materialized.

    :returns: folders that have to stay readable: none, the rows are in memory.
    """
    using = statement.args.get("using")
    if not isinstance(using, exp.Expr):
        return set()
    query = exp.select("*").from_(using.copy()) if isinstance(using, exp.Table) else as_query(using.this.copy())
    compiled = compile_tree(session, query)
    session.execute(f"CREATE TEMP TABLE merge_source__ AS {compiled.sql}")
    session.count_bytes()
    alias = exp.TableAlias(this=exp.to_identifier(using.alias or using.name))
    statement.set("using", exp.Table(this=exp.to_identifier("merge_source__"), alias=alias))
    return set()


def _fitted(rows: pa.Table, iceberg: Any) -> pa.Table:
    schema = iceberg.schema().as_arrow()
    return rows.select(schema.names).cast(schema)


def commit(change_table: Any) -> None:
    try:
        change_table()
    except CommitFailedException as error:
        raise QueryFailed("ICEBERG_COMMIT_ERROR", f"Failed to commit Iceberg update to table: {error}") from error


def _partition(table: Any, transforms: Sequence[Node]) -> None:
    if not transforms:
        return
    with table.update_spec() as spec:
        for node in transforms:
            column, transform = _transform(node)
            if isinstance(transform, IdentityTransform):
                spec.add_identity(column)
            else:
                spec.add_field(column, transform)


def _transform(node: Node) -> tuple[str, Transform[Any, Any]]:
    """``day(d)``, ``bucket(4, id)``, ``truncate(3, s)`` or a column."""
    if isinstance(node, (exp.Identifier, exp.Column)):
        return node.name.lower(), IdentityTransform()
    name = (
        node.name if isinstance(node, exp.Anonymous) else node.sql_name() if isinstance(node, exp.Func) else node.key
    ).lower()
    names = [found.name.lower() for found in node.find_all(exp.Column)] or [
        i.name.lower() for i in node.find_all(exp.Identifier)
    ]
    number = node.find(exp.Literal)
    if not names:
        raise QueryFailed("INVALID_TABLE_PROPERTY", f"Partition transform {node.sql('trino')} names no column")
    if number is None and name in _TIME_TRANSFORMS:
        return names[-1], _TIME_TRANSFORMS[name]()
    if number is not None and "bucket" in name + type(node).__name__.lower():
        return names[-1], BucketTransform(int(number.name))
    if number is not None and name in ("truncate", "trunc"):
        return names[-1], TruncateTransform(int(number.name))
    raise QueryFailed("INVALID_TABLE_PROPERTY", f"Unknown partition transform {node.sql('trino')}")
