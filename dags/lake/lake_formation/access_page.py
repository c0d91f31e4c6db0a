"""The page that shows who sees what, principal by table, with columns and rows: one file, no script, no link. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from lake.lake_formation.effective import Visible, may_change, readers
from lake.lake_formation.grant_changes import IAM_ALLOWED_PRINCIPALS
from lake.lake_formation.plan import Plan, Severity
from lake.lake_formation.state import LakeState, TableName

_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1c2733 }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #d5dbe1; padding: .35rem .5rem; text-align: left; vertical-align: top }
th { background: #f1f4f7; position: sticky; top: 0 }
.all { background: #fdf0d5 } .some { background: #e4f2e7 } .none { color: #98a3ad } .open { background: #f9d6d5 }
.critical { background: #f9d6d5 } code { font-size: .92em } .hidden { color: #98a3ad; text-decoration: line-through }
"""


def access_page(lake: LakeState, plan: Plan, short: Callable[[str], str], *, title: str, day: str) -> str:
    """Return the page.

    :param lake: state of the lake
    :param plan: what is missing or too much
    :param short: name of a principal for people
    :param title: name of the environment
    :param day: date of the page
    """
    tables = sorted(lake.columns)
    seen = {table: readers(lake, table) for table in tables}
    principals = sorted({principal for by_principal in seen.values() for principal in by_principal})
    parts = [
        f"<h1>Who sees what: {escape(title)}, {escape(day)}</h1>",
        "<p>Read from Lake Formation: the union of everything granted, by name, by LF-tag, by data cells filter. "
        "Administrators see all metadata and no data without a grant.</p>",
        f"<h2>{len(principals)} principals, {len(tables)} tables</h2>",
        _matrix(tables, principals, seen, short),
        "<h2>Columns and rows</h2>",
        _details(lake, tables, seen, short),
        f"<h2>{len(plan.changes)} differences from contracts and policy</h2>",
        _list((f"{change.step.label} {change.who} {change.what}: {change.detail}", "") for change in plan.changes),
        f"<h2>{len(plan.findings)} findings</h2>",
        _list((str(found), "critical" if found.severity is Severity.CRITICAL else "") for found in plan.findings),
        f"<h2>{len(lake.admins)} administrators</h2>",
        _list((admin, "") for admin in sorted(lake.admins)),
    ]
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Who sees what: {escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _matrix(
    tables: list[TableName],
    principals: list[str],
    seen: dict[TableName, dict[str, Visible]],
    short: Callable[[str], str],
) -> str:
    head = "".join(f"<th>{escape(_name(principal, short))}</th>" for principal in principals)
    rows = []
    for table in tables:
        cells = "".join(_cell(seen[table].get(principal)) for principal in principals)
        rows.append(f"<tr><th>{escape(str(table))}</th>{cells}</tr>")
    return f"<table><tr><th>table</th>{head}</tr>{''.join(rows)}</table>"


def _cell(visible: Visible | None) -> str:
    if visible is None:
        return '<td class="none">-</td>'
    limited = any(rows is not None for rows in visible.values())
    text = f"{len(visible)} columns, {'some rows' if limited else 'all rows'}"
    return f'<td class="{"some" if limited else "all"}">{text}</td>'


def _details(
    lake: LakeState,
    tables: list[TableName],
    seen: dict[TableName, dict[str, Visible]],
    short: Callable[[str], str],
) -> str:
    rows = []
    for table in tables:
        changing = may_change(lake, table)
        # Who may only change is listed, too, with no column.
        for principal in sorted(seen[table].keys() | changing):
            visible = seen[table].get(principal, {})
            kind = ' class="open"' if principal == IAM_ALLOWED_PRINCIPALS else ""
            columns = ", ".join(_column(column, column in visible) for column in lake.columns[table])
            writes = "yes" if principal in changing else "no"
            rows.append(
                f"<tr{kind}><td>{escape(str(table))}</td><td>{escape(_name(principal, short))}</td><td>{columns}</td>"
                f"<td>{_rows(visible)}</td><td>{writes}</td></tr>"
            )
    head = "<tr><th>table</th><th>principal</th><th>columns</th><th>rows</th><th>may change it</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _column(name: str, visible: bool) -> str:
    return escape(name) if visible else f'<span class="hidden">{escape(name)}</span>'


def _rows(visible: Visible) -> str:
    """Predicates, each with its columns where they differ; a cell outside the filters of its column is NULL."""
    if not visible:
        return "none"
    by_rows: dict[frozenset[str] | None, list[str]] = {}
    for column, rows in visible.items():
        by_rows.setdefault(rows, []).append(column)
    texts = []
    for rows, columns in by_rows.items():
        text = "all" if rows is None else " or ".join(f"<code>{escape(row)}</code>" for row in sorted(rows))
        texts.append(text if len(by_rows) == 1 else f"{text} ({escape(', '.join(columns))})")
    return "<br>".join(texts)


def _name(principal: str, short: Callable[[str], str]) -> str:
    return "every IAM principal" if principal == IAM_ALLOWED_PRINCIPALS else short(principal)


def _list(lines: Iterable[tuple[str, str]]) -> str:
    items = "".join(f'<li class="{kind}">{escape(line)}</li>' for line, kind in lines)
    return f"<ul>{items}</ul>" if items else "<p>None.</p>"
