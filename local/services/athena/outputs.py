"""Names of a query's columns, and ORDER BY positions."""

from __future__ import annotations

import re

from sqlglot import exp

_UNNAMED = re.compile(r"_unnamed\d+__")
_POSITION = re.compile(r"position__(\d+)")


def prepare_outputs(tree: exp.Query) -> None:
    """Before names are resolved.

    Outputs without a name get one that cannot clash (sqlglot would call a literal by its value), and ORDER BY positions
    are hidden: sqlglot would replace them by names, which two outputs may share.
    """
    for select in tree.find_all(exp.Select):
        for number, output in enumerate(select.expressions):
            if not isinstance(output, (exp.Alias, exp.Column, exp.Dot, exp.Star, exp.Aliases)):
                mark = exp.to_identifier(f"_unnamed{number}__", quoted=True)
                output.replace(exp.Alias(this=output.copy(), alias=mark))
    for ordered in tree.find_all(exp.Ordered):
        place = ordered.find_ancestor(exp.Order)
        if ordered.this.is_int and place is not None and isinstance(place.parent, exp.Query):
            ordered.set("this", exp.Var(this=f"position__{ordered.this.name}"))


def name_outputs(tree: exp.Query) -> None:
    """After names are resolved: unnamed outputs of the query are _col0, _col1, ... by their position."""
    renamed = {}
    for number, output in enumerate(tree.selects):
        if isinstance(output, exp.Alias) and _UNNAMED.fullmatch(output.alias):
            renamed[output.alias] = f"_col{number}"
            output.set("alias", exp.to_identifier(f"_col{number}", quoted=True))
    order = tree.args.get("order")
    for column in order.find_all(exp.Column) if order is not None else ():
        if not column.table and column.name in renamed:
            column.set("this", exp.to_identifier(renamed[column.name], quoted=True))
    for hidden in list(tree.find_all(exp.Var)):
        found = _POSITION.fullmatch(hidden.name)
        if found:
            hidden.replace(exp.Literal.number(found[1]))
