"""Calls whose syntax PostgreSQL does not have: unit words, TRY_CAST, LISTAGG, APPROXIMATE, window functions."""

from __future__ import annotations

from sqlglot import exp

from local.services.redshift.translation.generator import Verbatim, call, write

_UNITS = {
    spelling: unit
    for unit, spellings in {
        "year": "year years yr yrs y",
        "quarter": "quarter quarters qtr qtrs",
        "month": "month months mon mons",
        "week": "week weeks w",
        "day": "day days d",
        "hour": "hour hours hr hrs h",
        "minute": "minute minutes min mins m",
        "second": "second seconds sec secs s",
        "milliseconds": "ms msec msecs millisecond milliseconds millisec",
        "microseconds": "us usec usecs microsecond microseconds microsec",
    }.items()
    for spelling in spellings.split()
}
_TAKES_UNIT = frozenset({"DATEADD", "DATE_ADD", "DATEDIFF", "DATE_DIFF", "DATE_PART", "DATE_TRUNC"})
# Redshift's own columns of pg_class and pg_attribute, asked for by SQL clients.
_CATALOG_COLUMNS = {
    "reldiststyle": "0",
    "attisdistkey": "false",
    "attsortkeyord": "0",
    "attencodingtype": "0",
    "relcreationtime": "now()",
}


def rewrite_calls(tree: exp.Expr) -> None:
    """Rewrite function calls in place."""
    for column in list(tree.find_all(exp.Column)):
        constant = _CATALOG_COLUMNS.get(column.name.lower())
        if constant:
            column.replace(Verbatim(constant))
    for function in list(tree.find_all(exp.Anonymous)):
        _rewrite_call(function)
    for array in list(tree.find_all(exp.Array)):
        if not array.args.get("bracket_notation"):  # ARRAY(1, 2) makes a SUPER value
            array.replace(call("jsonb_build_array", *array.expressions))
    for aggregate in list(tree.find_all(exp.GroupConcat)):
        _rewrite_listagg(aggregate)
    _rewrite_approximate(tree)
    for cast in list(tree.find_all(exp.TryCast)):
        target = write(cast.to)
        valid = f"redshift_if_valid(({write(cast.this)})::text, '{target}')"
        cast.replace(Verbatim(f"({valid})::{target}"))


def rewrite_windows(tree: exp.Expr) -> None:
    """IGNORE NULLS, and ordered-set aggregates as window functions."""
    for group in list(tree.find_all(exp.WithinGroup)):
        percentile = group.this
        if isinstance(group.parent, exp.Window) and isinstance(percentile, (exp.PercentileCont, exp.PercentileDisc)):
            name = "cont" if isinstance(percentile, exp.PercentileCont) else "disc"
            value = exp.cast(group.expression.expressions[0].this.copy(), "double precision")
            group.replace(call(f"redshift_percentile_{name}", value, percentile.this.copy()))
    for ignore in list(tree.find_all(exp.IgnoreNulls)):
        window, function = ignore.find_ancestor(exp.Window), ignore.this
        if window is None:
            ignore.replace(function)
        elif isinstance(function, (exp.Lag, exp.Lead)):
            _rewrite_lag(window, function)
        elif isinstance(function, (exp.LastValue, exp.FirstValue)):
            side = "last" if isinstance(function, exp.LastValue) else "first"
            ignore.replace(call(f"redshift_{side}_not_null", function.this.copy()))


def _rewrite_call(function: exp.Anonymous) -> None:
    name, arguments = function.name.upper(), function.expressions
    if name in _TAKES_UNIT and arguments:
        function.set("expressions", [_unit(arguments[0]), *arguments[1:]])
    elif name == "HLL" and len(arguments) == 1:
        function.replace(exp.Count(this=exp.Distinct(expressions=[arguments[0]])))
    elif name == "JSON_SERIALIZE":  # a reserved word of PostgreSQL's grammar
        function.set("this", "redshift_json_serialize")
    elif name == "OBJECT":
        function.set("this", "jsonb_build_object")
    elif name == "RATIO_TO_REPORT" and isinstance(function.parent, exp.Window):
        _rewrite_ratio(function.parent, arguments[0])


def _unit(node: exp.Expr) -> exp.Expr:
    is_word = isinstance(node, exp.Var) or (isinstance(node, exp.Column) and not node.table)
    if not is_word and not (isinstance(node, exp.Literal) and node.is_string):
        return node
    word = node.name.lower()
    return exp.Literal.string(_UNITS.get(word, word))


def _rewrite_ratio(window: exp.Window, value: exp.Expr) -> None:
    total = window.copy()
    total.set("this", exp.Sum(this=value.copy()))
    share = exp.Div(
        this=exp.cast(value.copy(), "double precision"),
        expression=call("nullif", total, exp.Literal.number(0)),
        typed=False,
        safe=False,
    )
    window.replace(share)


def _rewrite_lag(window: exp.Window, function: exp.Lag | exp.Lead) -> None:
    """LAG(x) IGNORE NULLS = the last value that is not null in the rows before (offset 1 only)."""
    backwards = isinstance(function, exp.Lag)
    side = "PRECEDING" if backwards else "FOLLOWING"
    one = exp.Literal.number(1)
    rewritten = window.copy()
    rewritten.set("this", call(f"redshift_{'last' if backwards else 'first'}_not_null", function.this.copy()))
    frame = exp.WindowSpec(
        kind="ROWS",
        start="UNBOUNDED" if backwards else one,
        start_side=side,
        end=one.copy() if backwards else "UNBOUNDED",
        end_side=side,
    )
    rewritten.set("spec", frame)
    window.replace(rewritten)


def _rewrite_approximate(tree: exp.Expr) -> None:
    for count in list(tree.find_all(exp.ApproxDistinct)):
        count.replace(exp.Count(this=exp.Distinct(expressions=[count.this])))
    for quantile in list(tree.find_all(exp.ApproxQuantile)):
        share, value = write(quantile.args["quantile"]), write(quantile.this)
        quantile.replace(Verbatim(f"percentile_disc({share}) WITHIN GROUP (ORDER BY {value})"))


def _rewrite_listagg(aggregate: exp.GroupConcat) -> None:
    group = aggregate.parent if isinstance(aggregate.parent, exp.WithinGroup) else None
    outer: exp.Expr = group or aggregate
    distinct = isinstance(aggregate.this, exp.Distinct)
    value, separator = _listagg_arguments(aggregate)
    value = exp.cast(value.copy(), "text")
    order = group.expression.copy() if group else None
    descending = bool(order is not None and order.expressions[0].args.get("desc"))
    if isinstance(outer.parent, exp.Window):
        # PostgreSQL has no ORDER BY inside an aggregate that is used as a window function
        key = order.expressions[0].this.copy() if order is not None else exp.Literal.string("")
        name = "redshift_listagg_desc" if descending else "redshift_listagg"
        outer.replace(call(name, value, separator.copy(), exp.cast(key, "text")))
        return
    if distinct:
        ordering = f" ORDER BY {write(value)}" + (" DESC" if descending else "")
    else:
        ordering = f" {write(order)}" if order is not None else ""
    words = "DISTINCT " if distinct else ""
    outer.replace(Verbatim(f"string_agg({words}{write(value)}, {write(separator)}{ordering})"))


def _listagg_arguments(aggregate: exp.GroupConcat) -> tuple[exp.Expr, exp.Expr]:
    value, separator = aggregate.this, aggregate.args.get("separator")
    if isinstance(value, exp.Distinct):
        parts = value.expressions
        value = parts[0]
        if isinstance(value, exp.Case):  # sqlglot folds DISTINCT's two arguments into CASE ... ELSE (x, separator)
            default = value.args.get("default")
            folded = default.this if isinstance(default, exp.Paren) else default
            if isinstance(folded, exp.Tuple):
                value, separator = folded.expressions[0], folded.expressions[1]
        elif len(parts) > 1:
            separator = parts[1]
    return value, separator if separator is not None else exp.Literal.string("")
