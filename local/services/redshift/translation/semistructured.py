"""SUPER: navigation ``t.s.a.b[1]`` and unnesting ``FROM t, t.s.a AS x``."""

from __future__ import annotations

from sqlglot import exp

from local.services.redshift.translation.generator import Verbatim, write


def rewrite_sources(sources: list[exp.Expr], names: set[str]) -> None:
    """Turn ``t.s.a AS x`` in FROM into a lateral unnesting of the array, and learn the name x.

    :param names: table names and aliases of this SELECT, lower case; extended in place
    """
    for source in sources:
        path = _unnested_path(source, names)
        if not path:
            continue
        alias = source.alias_or_name
        if isinstance(source, exp.Unnest) and source.args.get("alias") and source.args["alias"].columns:
            alias = source.args["alias"].columns[0].name
        names.add(alias.lower())
        keys = "".join(f", '{key}'" for key in path[2:])
        array = f"redshift_navigate({path[0]}.{path[1]}{keys})"
        source.replace(Verbatim(f"LATERAL jsonb_array_elements({array}) AS {alias}({alias})"))


def rewrite_navigation(select: exp.Select, names: set[str]) -> None:
    """Turn dotted and bracketed paths below a column into a call that navigates JSON."""
    for column in [node for node in select.find_all(exp.Column) if node.find_ancestor(exp.Select) is select]:
        parts = [part.name for part in column.parts]
        known = len(parts) > 1 and parts[0].lower() in names
        depth = 2 if known else 1
        keys = [f"'{part}'" for part in parts[depth:]] if known else []
        top, steps = _steps_above(column)
        if not keys and not steps:
            continue
        base = ".".join(parts[:depth] if keys else parts)
        navigation = f"redshift_navigate({base}, {', '.join(keys + steps)})"
        # a cast wants the scalar's text, not its JSON
        as_text = isinstance(top.parent, exp.Cast)
        top.replace(Verbatim(f"redshift_scalar({navigation})" if as_text else navigation))


def _steps_above(column: exp.Column) -> tuple[exp.Expr, list[str]]:
    steps: list[str] = []
    top: exp.Expr = column
    parent = column.parent
    while isinstance(parent, (exp.Bracket, exp.Dot)) and parent.this is top:
        if isinstance(parent, exp.Bracket):
            index = write(parent.expressions[0]).strip("'")
            steps.append(f"'{index}'")
        else:
            steps.append(f"'{parent.expression.name}'")
        top, parent = parent, parent.parent
    return top, steps


def _unnested_path(source: exp.Expr, names: set[str]) -> list[str]:
    if isinstance(source, exp.Table):
        parts = [part.name for part in source.parts]
        own = source.alias_or_name.lower()
        return parts if len(parts) > 1 and parts[0].lower() in names and parts[0].lower() != own else []
    if isinstance(source, exp.Unnest) and isinstance(source.expressions[0], (exp.Column, exp.Dot)):
        return [part.name for part in source.expressions[0].parts]
    return []
