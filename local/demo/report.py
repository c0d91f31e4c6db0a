"""The demo's summary: what landed, what became of it, what the warehouse holds and who may see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from local.demo.facts import Access, DayLedger, View

RULE = "─" * 78


def heading(text: str) -> str:
    return f"\n{text}\n{RULE}"


def table(header: Sequence[str], rows: Iterable[Sequence[object]], align: str) -> str:
    """Columns of equal width.

    :param align: one letter a column: ``<`` left, ``>`` right
    """
    cells = [list(header), *[[_cell(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return "\n".join(
        "  " + "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, align, widths, strict=True)).rstrip()
        for row in cells
    )


def days_section(ledgers: Sequence[DayLedger]) -> str:
    rows: list[Sequence[object]] = [
        (day.day, day.landed, day.published, day.quarantined, day.duplicates, "yes" if day.balanced else "NO")
        for day in ledgers
    ]
    reasons: dict[str, int] = {}
    for day in ledgers:
        for reason, count in day.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    text = [
        heading("Rows: landed = published + quarantined + duplicates"),
        table(["day", "landed", "published", "quarantined", "duplicates", "balances"], rows, "<>>>>>"),
    ]
    if reasons:
        text.append("\n  quarantined because (a row may have several reasons)")
        most_first = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        width = max(len(reason) for reason in reasons)
        text += [f"    {reason:<{width}}  {count:>6,}" for reason, count in most_first]
    return "\n".join(text)


def lake_section(partitions: Mapping[str, str]) -> str:
    rows = [(day, location) for day, location in sorted(partitions.items())]
    return "\n".join(
        [heading(f"Lake: curated.online_retail, {len(rows)} partitions"), table(["day", "version"], rows, "<<")]
    )


def warehouse_section(tables: Mapping[str, int], views: Sequence[View]) -> str:
    rows: list[Sequence[object]] = [(f"mart.{name}", count, "table") for name, count in tables.items()]
    rows += [
        (f"mart.{view.name}", view.rows, "materialized view, " + ("STALE" if view.stale else "refreshed"))
        for view in views
    ]
    return "\n".join([heading("Warehouse (Redshift)"), table(["relation", "rows", ""], rows, "<><")])


def best_sellers_section(rows: Sequence[Sequence[object]]) -> str:
    priced = [
        (code, description, int(str(pieces)), f"{Decimal(str(revenue)):,.2f}")
        for code, description, pieces, revenue in rows
    ]
    return "\n".join(
        [
            heading(f"Top {len(rows)} of the materialized view mart.product_sales"),
            table(["stock code", "description", "pieces", "revenue in GBP"], priced, "<<>>"),
        ]
    )


def access_section(sql: str, seen: Sequence[Access]) -> str:
    lines = [heading(f"Who may see what (Lake Formation): {sql}")]
    width = max(len(access.principal) for access in seen)
    for access in seen:
        if access.refusal is None:
            customer = "with" if "customer_id" in access.columns else "without"
            countries = "1 country" if access.countries == 1 else f"{access.countries} countries"
            got = f"{access.rows:,} rows, {countries}, {len(access.columns)} columns, {customer} customer_id"
        else:
            got = f"refused: {access.refusal}"
        lines.append(f"  {access.principal:<{width}}  {got}")
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
