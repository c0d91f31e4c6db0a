"""Conditions over partition keys."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from local.services.athena.functions.nodes import Node


def equal_values(conditions: Sequence[Node], key: str) -> list[str] | None:
    """The values a key is compared with by ``=`` or ``IN``; None if there is no such condition."""
    for condition in conditions:
        node = condition.unnest() if isinstance(condition, exp.Paren) else condition
        if isinstance(node, exp.EQ):
            for column, value in ((node.left, node.right), (node.right, node.left)):
                if isinstance(column, exp.Column) and column.name == key and _is_constant(value):
                    return [_text(value)]
        in_list = isinstance(node, exp.In) and isinstance(node.this, exp.Column) and node.this.name == key
        if in_list and node.expressions and all(_is_constant(value) for value in node.expressions):
            return [_text(value) for value in node.expressions]
    return None


def _is_constant(node: Node) -> bool:
    inner = node.this if isinstance(node, exp.Cast) else node
    return isinstance(inner, exp.Literal)


def _text(node: Node) -> str:
    inner = node.this if isinstance(node, exp.Cast) else node
    return inner.name
