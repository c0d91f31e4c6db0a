"""From a Trino query to DuckDB SQL that can reach only what Lake Formation grants its caller.

Each table reference becomes a temporary view of its own that holds the permitted columns and rows. Names are resolved
against those views only, so a hidden column does not exist, however it is spelled; views of the catalog are expanded
with the caller's rights.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from local.services.athena import information_schema
from local.services.athena.access import GrantedColumns
from local.services.athena.catalog import Table
from local.services.athena.errors import QueryFailed
from local.services.athena.functions import to_duckdb, type_decimals
from local.services.athena.functions.nodes import Node
from local.services.athena.guard import check, parse_query, position
from local.services.athena.hive_types import duckdb_type
from local.services.athena.names import identifier
from local.services.athena.outputs import name_outputs, prepare_outputs
from local.services.athena.pruning import partition_conditions
from local.services.athena.references import (
    column_error,
    lower_names,
    qualified_name,
    real_tables,
    source_names,
    without_database,
)
from local.services.athena.samples import replace_samples
from local.services.athena.scan import TableScanner
from local.services.athena.session import QuerySession
from local.services.athena.type_check import check_comparisons
from local.services.athena.views import view_definition

_MAX_VIEW_DEPTH = 16
_SCHEMA = "scan__"
_PATH = "$path"


@dataclass
class _Reference:
    """One occurrence of a table in the query."""

    table: Table
    granted: GrantedColumns
    with_path: bool
    snapshot: str = ""


@dataclass
class CompiledQuery:
    """:param sql: DuckDB SQL over temporary views of the session's connection.
    :param folders: what the connection has to be able to read while the query runs.
    :param names: output names in the query's own spelling, by lower-case name.
    :param restricted: whether columns or rows are hidden from the caller.
    """

    sql: str
    folders: set[str]
    names: dict[str, str] = field(default_factory=dict)
    restricted: bool = False


def compile_query(session: QuerySession, sql: str) -> CompiledQuery:
    """:raises QueryFailed: wrong or not permitted."""
    return compile_tree(session, parse_query(sql))


def compile_tree(session: QuerySession, tree: exp.Query) -> CompiledQuery:
    """:param tree: a query whose function names were checked; changed."""
    return _Compiler(session).compile(tree)


class _Compiler:
    def __init__(self, session: QuerySession) -> None:
        self._session = session
        self._scanner = TableScanner(session.connection, session.storage, session.catalog)
        self._references: dict[str, _Reference] = {}

    def compile(self, tree: exp.Query) -> CompiledQuery:
        check(tree)
        names = lower_names(tree)
        type_decimals(tree)
        tree = replace_samples(tree)
        tree = self._expanded(tree, self._session.database, 0)
        schema = self._bound(tree)
        prepare_outputs(tree)
        tree = _resolved(tree, schema)
        check_comparisons(tree)
        name_outputs(tree)
        self._create_relations(tree)
        text = to_duckdb(tree)
        self._session.define(text)
        self._session.scanned += self._scanner.bytes_read_elsewhere
        restricted = any(_is_restricted(reference) for reference in self._references.values())
        return CompiledQuery(text, self._scanner.allowed_folders(), names, restricted)

    # 1. views and information_schema become subqueries

    def _expanded(self, tree: exp.Query, database: str, depth: int) -> exp.Query:
        if depth > _MAX_VIEW_DEPTH:
            raise QueryFailed("INVALID_VIEW", f"Views nested deeper than {_MAX_VIEW_DEPTH}")
        for reference in real_tables(tree):
            schema, name = qualified_name(reference, database)
            if schema == "information_schema":
                _replace(reference, information_schema.query(self._session, name), name)
                continue
            table = self._session.catalog.table(schema, name)
            if table is None:
                if self._session.catalog.database(schema) is None:
                    raise QueryFailed("SCHEMA_NOT_FOUND", f"{position(reference)}Schema '{schema}' does not exist")
                raise QueryFailed(
                    "TABLE_NOT_FOUND", f"{position(reference)}Table 'awsdatacatalog.{schema}.{name}' does not exist"
                )
            if table.is_view:
                _replace(reference, self._view_body(table, depth), name)
            else:
                # Qualified, so that a WITH query of an outer statement cannot take the table's place.
                reference.set("catalog", None)
                reference.set("db", exp.to_identifier(schema))
        return tree

    def _view_body(self, view: Table, depth: int) -> exp.Query:
        granted = self._session.authorizer.select(view)
        definition = view_definition(view)
        body = parse_query(definition.sql)
        check(body)
        lower_names(body)
        type_decimals(body)
        body = self._expanded(replace_samples(body), definition.database, depth + 1)
        columns = [column.name for column in view.columns]
        if len(granted.columns) == len(columns) and not granted.row_filter and not granted.cell_filters:
            return body
        alias = exp.TableAlias(this=exp.to_identifier("view__"))
        restricted = exp.select(*_selected(granted, columns)).from_(exp.Subquery(this=body, alias=alias))
        return restricted.where(_predicate(granted.row_filter)) if granted.row_filter else restricted

    # 2. every table reference gets a relation of its own with the permitted columns

    def _bound(self, tree: exp.Query) -> MappingSchema:
        visible: dict[str, dict[str, str]] = {}
        with_path = any(column.name == _PATH for column in tree.find_all(exp.Column))
        sources = source_names(tree)
        for reference in real_tables(tree):
            table = self._session.catalog.table(reference.db, reference.name)
            if table is None:
                raise QueryFailed(
                    "TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{reference.db}.{reference.name}' does not exist"
                )
            granted = self._session.authorizer.select(table)
            bound = _Reference(table, granted, with_path, self._snapshot(reference, table))
            # Locations tell about rows that are hidden: whoever does not see all does not see $path.
            bound.with_path = with_path and not _is_restricted(bound)
            unique = f"{table.name}__{uuid.uuid4().hex}"
            self._references[unique] = bound
            types = {
                column.name: duckdb_type(column.type) for column in table.columns if column.name in granted.columns
            }
            visible[unique] = types | ({_PATH: "VARCHAR"} if bound.with_path else {})
            _rename(reference, unique, table.name)
        for column in tree.find_all(exp.Column):
            without_database(column, sources)
        return MappingSchema({_SCHEMA: visible} if visible else {}, dialect="duckdb", normalize=False)

    def _snapshot(self, reference: exp.Table, table: Table) -> str:
        version = reference.args.get("version")
        if version is None:
            return ""
        if not table.is_iceberg:
            raise QueryFailed("NOT_SUPPORTED", f"{position(reference)}This connector does not support versioned tables")
        if str(version.this).upper() == "VERSION":
            return f"snapshot_from_id={int(_constant(version.expression, 'BIGINT'))}"
        milliseconds = _constant(exp.Cast(this=version.expression.copy(), to=exp.DataType.build("timestamptz")), None)
        return f"snapshot_from_timestamp=make_timestamp({milliseconds} * 1000)"

    # 3. the relations, with the partitions that the query leaves

    def _create_relations(self, tree: exp.Query) -> None:
        keys = {
            name: frozenset(key.name for key in reference.table.partition_keys)
            for name, reference in self._references.items()
        }
        conditions = partition_conditions(tree, keys)
        for node in list(tree.find_all(exp.Table)):
            reference = self._references.get(node.name)
            if reference is None or node.db != _SCHEMA:
                continue
            relation = self._relation(reference, conditions.get(node.name, []))
            self._session.execute(f"CREATE TEMP VIEW {identifier(node.name)} AS {relation}")
            node.set("db", None)
            node.set("version", None)

    def _relation(self, reference: _Reference, conditions: Sequence[Node]) -> str:
        granted, table = reference.granted, reference.table
        scan = self._scanner.relation(table, conditions, reference.with_path, reference.snapshot)
        columns = [column.name for column in table.columns]
        cells = dict(granted.cell_filters)
        outputs = [
            f"CASE WHEN {self._filter(cells[name], table)} THEN {identifier(name)} END AS {identifier(name)}"
            if name in cells
            else identifier(name)
            for name in columns
            if name in granted.columns
        ]
        if reference.with_path:
            outputs.append(identifier(_PATH))
        selected = ", ".join(outputs)
        if not granted.row_filter:
            return f"SELECT {selected} FROM ({scan}) AS t__"
        # Materialized: no condition of the caller is ever evaluated on a hidden row, where its error would tell.
        condition = self._filter(granted.row_filter, table)
        rows = f"SELECT {selected} FROM ({scan}) AS t__ WHERE {condition}"
        return f"WITH rows__ AS MATERIALIZED ({rows}) SELECT * FROM rows__"

    def _filter(self, predicate: str, table: Table) -> str:
        """A Lake Formation predicate in DuckDB's SQL; it may name hidden columns."""
        types = {column.name: duckdb_type(column.type) for column in table.columns}
        schema = MappingSchema({"t__": types}, dialect="duckdb", normalize=False)
        query = exp.select("*").from_(exp.to_table("t__")).where(_predicate(predicate))
        resolved = _resolved(query, schema)
        text = to_duckdb(resolved.args["where"].this)
        self._session.define(text)
        return text


def _is_restricted(reference: _Reference) -> bool:
    granted = reference.granted
    return bool(granted.row_filter or granted.cell_filters) or len(granted.columns) < len(reference.table.columns)


def _resolved(tree: exp.Query, schema: MappingSchema) -> exp.Query:
    """All names resolved against the permitted columns, all types inferred."""
    try:
        tree = qualify(
            tree,
            schema=schema,
            dialect="trino",
            infer_schema=False,
            quote_identifiers=True,
            allow_partial_qualification=False,
        )  # type: ignore[assignment]
        return annotate_types(tree, schema=schema, dialect="trino")  # type: ignore[return-value]
    except SqlglotError as error:
        raise column_error(error) from error


def _rename(reference: exp.Table, unique: str, name: str) -> None:
    alias = reference.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name))
    renamed = exp.Table(this=exp.to_identifier(unique, quoted=True), db=exp.to_identifier(_SCHEMA), alias=alias.copy())
    if reference.args.get("joins"):
        renamed.set("joins", [join.copy() for join in reference.args["joins"]])
    reference.replace(renamed)


def _replace(reference: exp.Table, query: exp.Query, name: str) -> None:
    if reference.args.get("version") is not None:
        raise QueryFailed("NOT_SUPPORTED", f"{position(reference)}Views cannot be read at an earlier version")
    alias = reference.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name))
    subquery = exp.Subquery(this=query, alias=alias.copy())
    if reference.args.get("joins"):
        subquery.set("joins", [join.copy() for join in reference.args["joins"]])
    reference.replace(subquery)


def _selected(granted: GrantedColumns, columns: Sequence[str]) -> list[Node]:
    cells = dict(granted.cell_filters)
    outputs: list[Node] = []
    for name in columns:
        if name not in granted.columns:
            continue
        column: Node = exp.column(name, quoted=True)
        if name in cells:
            column = exp.alias_(exp.Case(ifs=[exp.If(this=_predicate(cells[name]), true=column)]), name, quoted=True)
        outputs.append(column)
    return outputs


def _predicate(text: str) -> Node:
    """:raises QueryFailed: the stored filter is no plain predicate."""
    try:
        predicate = sqlglot.parse_one(text, read="trino")
    except SqlglotError as error:
        raise QueryFailed("INVALID_ROW_FILTER", str(error).split("\n", 1)[0]) from error
    check(predicate)
    if predicate.find(exp.Query) is not None:
        raise QueryFailed("INVALID_ROW_FILTER", "A row filter cannot hold a query")
    lower_names(predicate)
    return predicate


def _constant(node: Node, kind: str | None) -> int:
    """The value of an expression without columns, in a database that can reach nothing.

    :param kind: type of the value; None for a moment, which comes back as milliseconds since 1970.
    """
    if node.find(exp.Column, exp.Query) is not None:
        raise QueryFailed("INVALID_ARGUMENTS", "FOR VERSION and FOR TIMESTAMP AS OF need a constant")
    value = to_duckdb(annotate_types(node.copy(), dialect="trino"))
    expression = f"epoch_ms({value})" if kind is None else f"CAST({value} AS {kind})"
    with duckdb.connect(config={"enable_external_access": "false"}) as connection:
        connection.execute("SET TimeZone='UTC'")
        row = connection.execute(f"SELECT {expression}").fetchone()
    if row is None or row[0] is None:
        raise QueryFailed("INVALID_ARGUMENTS", "FOR VERSION and FOR TIMESTAMP AS OF need a value")
    return int(row[0])
