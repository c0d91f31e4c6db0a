"""Which tables a query really reads: scopes decide, and what they do not account for is refused."""

from __future__ import annotations

import re
from itertools import zip_longest

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from local.services.athena.errors import QueryFailed
from local.services.athena.functions.nodes import Node
from local.services.athena.guard import position

_CATALOGS = ("", "awsdatacatalog")


def real_tables(tree: exp.Query) -> list[exp.Table]:
    """Tables that are not references to a WITH query.

    :raises QueryFailed: a table that no scope accounts for.
    """
    real: dict[int, exp.Table] = {}
    with_queries: set[int] = set()
    for scope in traverse_scope(tree):
        for node, source in scope.selected_sources.values():
            if isinstance(source, exp.Table):
                real[id(source)] = source
            elif isinstance(node, exp.Table):
                with_queries.add(id(node))
    for table in tree.find_all(exp.Table):
        if id(table) not in real and id(table) not in with_queries:
            raise QueryFailed("TABLE_NOT_FOUND", f"{position(table)}Table '{table.sql('trino')}' does not exist")
    return list(real.values())


def source_names(tree: exp.Query) -> frozenset[str]:
    """Names by which columns may refer to what is selected from: aliases, else the tables' own names."""
    return frozenset(
        source.alias_or_name.lower() for source in tree.find_all(exp.Table, exp.Subquery) if source.alias_or_name
    )


def without_database(column: exp.Column, sources: frozenset[str]) -> None:
    """``catalog.database.table.column`` becomes ``table.column``: the name is unique within its scope. The path to a
    field of a struct, ``column.field.field``, stays.

    :param sources: names of what is selected from
    """
    parts = list(column.parts)
    names = [part.name.lower() for part in parts]
    if len(parts) > 3 and names[0] in _CATALOGS and names[2] in sources:
        kept = parts[2:]
    elif len(parts) > 2 and names[1] in sources:
        kept = parts[1:]
    else:
        return
    for slot, part in zip_longest(("this", "table", "db", "catalog"), reversed(kept)):
        column.set(slot, part)


def lower_names(tree: Node) -> dict[str, str]:
    """Make all identifiers lower case: Trino compares them without case, quoted or not.

    :returns: the spelling of the query's own output names, by lower-case name.
    """
    spelled = _output_spelling(tree)
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", identifier.name.lower())
    return spelled


def _output_spelling(tree: Node) -> dict[str, str]:
    if not isinstance(tree, exp.Query):
        return {}
    return {e.alias.lower(): e.alias for e in tree.selects if isinstance(e, exp.Alias) and e.alias.lower() != e.alias}


def qualified_name(table: exp.Table, database: str) -> tuple[str, str]:
    """Database and name of a table reference.

    :raises QueryFailed: another catalog than the Data Catalog.
    """
    if table.catalog.lower() not in _CATALOGS:
        raise QueryFailed("CATALOG_NOT_FOUND", f"{position(table)}Catalog '{table.catalog}' does not exist")
    return (table.db or database).lower(), table.name.lower()


def column_error(error: Exception) -> QueryFailed:
    """The failure of name resolution in Athena's words."""
    text = str(error)
    found = re.search(r"Column '([^']*)' could not be resolved.*?Line: (\d+), Col: (\d+)", text)
    if found is None:
        return QueryFailed("SYNTAX_ERROR", text.split("\n", 1)[0])
    name, line, end = found[1].strip('"'), found[2], int(found[3])
    start = max(1, end - len(name) + 1)
    return QueryFailed(
        "COLUMN_NOT_FOUND",
        f"line {line}:{start}: Column '{name}' cannot be resolved or requester is not authorized to access "
        "requested resources",
    )


def sources(tree: Node) -> list[tuple[Scope, str, exp.Table]]:
    """All (scope, alias, table) of a query."""
    return [
        (scope, alias, source)
        for scope in traverse_scope(tree)
        for alias, (_, source) in scope.selected_sources.items()
        if isinstance(source, exp.Table)
    ]
