"""UNNEST of maps, rows and several arrays at once."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from local.services.athena.functions.nodes import Kind, Node, has_type, is_map


def unnest(node: exp.Unnest) -> Node:
    """DuckDB's UNNEST in FROM takes one list; everything else becomes a lateral subquery."""
    if not isinstance(node.parent, (exp.From, exp.Join, exp.Lateral)):
        return node
    sources = node.expressions
    alias = node.args.get("alias")
    ordinality = node.args.get("offset")
    columns = [column.name for column in alias.columns] if alias else []
    if isinstance(ordinality, exp.Identifier) and ordinality.name not in columns:
        columns.append(ordinality.name)
    value_columns = len(columns) - (1 if ordinality else 0)
    if len(sources) > 1:
        query = _several(len(sources), bool(ordinality))
    elif is_map(sources[0]):
        query = _one("map_entries(source_0)", "map_keys(source_0)", bool(ordinality))
    elif value_columns > 1 or _holds_rows(sources[0]):
        query = _one("source_0", "source_0", bool(ordinality))
    else:
        return node
    subquery = sqlglot.parse_one(query, read="duckdb")
    for column in list(subquery.find_all(exp.Column)):
        if column.name.startswith("source_"):
            column.replace(sources[int(column.name.removeprefix("source_"))].copy())
    name = alias.name if alias is not None and alias.name else "unnested__"
    identifiers = [exp.to_identifier(column, quoted=True) for column in columns]
    return exp.Lateral(
        this=exp.Subquery(this=subquery), alias=exp.TableAlias(this=exp.to_identifier(name), columns=identifiers)
    )


def _one(source: str, numbered: str, ordinality: bool) -> str:
    number = f", generate_subscripts({numbered}, 1) AS ordinality__" if ordinality else ""
    return f"SELECT unnest({source}, max_depth := 2){number}"


def _several(count: int, ordinality: bool) -> str:
    """Arrays side by side; the shorter ones are filled with NULL."""
    lists = ", ".join(f"unnest(source_{i}) AS value_{i}__" for i in range(count))
    if not ordinality:
        return f"SELECT {lists}"
    longest = ", ".join(f"len(source_{i})" for i in range(count))
    return f"SELECT {lists}, unnest(range(1, 1 + greatest({longest}))) AS ordinality__"


def _holds_rows(array: Node) -> bool:
    kind = array.type
    if kind is None or not has_type(array, Kind.ARRAY, Kind.LIST) or not kind.expressions:
        return False
    return bool(kind.expressions[0].this == Kind.STRUCT)
