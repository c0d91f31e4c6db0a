"""Conditions of a query that restrict partition keys, per table reference."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.pushdown_predicates import pushdown_predicates
from sqlglot.optimizer.scope import Scope

from local.services.athena.functions.nodes import Node
from local.services.athena.references import sources


def partition_conditions(tree: exp.Query, keys: Mapping[str, frozenset[str]]) -> dict[str, list[Node]]:
    """Conditions over partition keys only, which every row of the reference must meet.

    :param tree: qualified.
    :param keys: reference (unique table name) -> its partition keys.
    :returns: reference -> conditions with unqualified columns.
    """
    copy = tree.copy()
    try:
        copy = pushdown_predicates(copy, dialect="trino")
    except SqlglotError:
        # Without pushing down fewer partitions are skipped; the answer is the same.
        copy = tree.copy()
    found: dict[str, list[Node]] = {}
    for scope, alias, table in sources(copy):
        if table.name not in keys:
            continue
        conditions = [_without_table(c) for c in _conditions(scope, table) if _only_keys(c, alias, keys[table.name])]
        if conditions:
            found[table.name] = conditions
    return found


def _conditions(scope: Scope, table: exp.Table) -> list[Node]:
    """WHERE and inner ON conditions, as far as they drop rows of this table."""
    select = scope.expression
    joins = select.args.get("joins") or []
    place = table.find_ancestor(exp.Join, exp.Select)
    sides = [join.side for join in joins if join.side]
    preserved = isinstance(place, exp.Select) and all(side == "LEFT" for side in sides)
    if sides and not preserved:
        return []
    conditions = _conjuncts(select.args["where"].this) if select.args.get("where") else []
    if isinstance(place, exp.Join) and place.args.get("on") is not None:
        conditions += _conjuncts(place.args["on"])
    return conditions


def _conjuncts(condition: Node) -> list[Node]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        return [*_conjuncts(condition.left), *_conjuncts(condition.right)]
    return [condition]


def _only_keys(condition: Node, alias: str, keys: frozenset[str]) -> bool:
    columns = list(condition.find_all(exp.Column))
    if not columns or isinstance(condition, exp.Column):
        return False
    if condition.find(exp.Query, exp.AggFunc, exp.Window) is not None:
        return False
    return all(column.table == alias and column.name in keys for column in columns)


def _without_table(condition: Node) -> Node:
    copy = condition.copy()
    for column in copy.find_all(exp.Column):
        column.set("table", None)
    return copy
