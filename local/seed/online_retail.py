"""Write generated invoice days as the shop delivers them: one CSV file per day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from random import Random

from local.seed.assortment import build_assortment
from local.seed.customers import build_customers
from local.seed.delivery import write_delivery
from local.seed.invoices import InvoiceDay

HEADER = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
_FIRST_DAY = datetime(2010, 12, 1)  # noqa: DTZ001 (the shop's local time, as delivered)
_FIRST_INVOICE = 536_365
_SMALLEST_INVOICE, _INVOICE_NUMBERS = 100_000, 900_000


def generate(
    out_dir: Path, days: Sequence[str], rows_per_day: int = 3_000, seed: int = 7, compress: bool = False
) -> list[Path]:
    """Generate invoice days. A day depends on seed, rows and its date only, not on the other days.

    Invoice numbers have six digits, as in the shop; days do not share numbers as long as all of them together stay
    below 7 million rows.

    :param out_dir: folder for ``<day>.csv``; created
    :param days: ISO dates
    :param rows_per_day: lines per day, the header not counted
    :param seed: the same seed gives the same bytes
    :param compress: write ``<day>.csv.gz`` instead
    :return: the files, in the order of ``days``
    :raises ValueError: if a day is no ISO date, or ``rows_per_day`` is negative
    """
    if rows_per_day < 0:
        raise ValueError(f"rows_per_day is {rows_per_day}: use 0 or more")
    assortment, customers = build_assortment(seed), build_customers(seed)
    files = []
    for day in days:
        start = datetime.fromisoformat(day)
        random = Random(f"{seed} {day} {rows_per_day}")  # noqa: S311 (made-up data, not secrets)
        invoices = InvoiceDay(start, _first_invoice(start, rows_per_day), assortment, customers, random)
        lines = (line.fields() for line in invoices.lines(rows_per_day))
        files.append(write_delivery(out_dir, day, HEADER, lines, compress=compress))
    return files


def _first_invoice(day: datetime, rows: int) -> int:
    numbers_per_day = max(400, rows // 8)
    offset = (day - _FIRST_DAY).days * numbers_per_day
    return _SMALLEST_INVOICE + (_FIRST_INVOICE - _SMALLEST_INVOICE + offset) % _INVOICE_NUMBERS
