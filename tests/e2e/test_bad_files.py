"""Bad deliveries: each ends in a clear state with a message a person can act on, and loses nothing."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass

import pytest

from tests.e2e.lake import Lake

HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]


def rows_of(day: str, count: int = 40) -> list[list[str]]:
    return [
        [
            str(536365 + number),
            f"2{2000 + number}",
            "PAPER LANTERN",
            "6",
            f"{day} 08:26:00",
            "2.55",
            "17850.0",
            "United Kingdom",
        ]
        for number in range(count)
    ]


def as_csv(header: list[str], rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


@dataclass(frozen=True)
class Delivery:
    """A bad file beside a good one, and what must become of it.

    :param state: expected state of the day's run
    :param message: words that the failing task's message or the result must hold
    """

    name: str
    file: str
    body: bytes
    state: str
    message: str


def deliveries(day: str) -> list[Delivery]:
    rows = rows_of(day)
    good = as_csv(HEADER, rows)
    price = HEADER.index("UnitPrice")
    without_price = as_csv([c for c in HEADER if c != "UnitPrice"], [r[:price] + r[price + 1 :] for r in rows])
    reversed_header = as_csv(HEADER[::-1], [row[::-1] for row in rows])
    long_line = [*rows[:5], [*rows[5][:2], "X" * 5_000_000, *rows[5][3:]], *rows[6:]]
    invalid = good.replace(b"PAPER LANTERN", b"PAPER \xff\xfe LANTERN", 1)
    other = b"carrier,flight,origin\nUA,1545,EWR\nAA,1141,JFK\n"
    return [
        Delivery("missing column", "bad.csv", without_price, "failed", "UnitPrice"),
        Delivery("changed header order", "bad.csv", reversed_header, "success", ""),
        Delivery("truncated gzip", "bad.csv.gz", gzip.compress(good)[:-40], "failed", "bad.csv.gz"),
        Delivery("empty file", "bad.csv", b"", "failed", "bad.csv"),
        Delivery("5 MB line", "bad.csv", as_csv(HEADER, long_line), "success", ""),
        Delivery("invalid UTF-8", "bad.csv", invalid, "success", ""),
        Delivery("another product", "bad.csv", other, "failed", "bad.csv"),
    ]


DAYS = {delivery.name: f"2011-03-{number:02d}" for number, delivery in enumerate(deliveries("2011-03-01"), start=1)}


@pytest.mark.parametrize("name", DAYS)
def test_a_bad_file_ends_in_a_clear_state(lake: Lake, name: str) -> None:
    day = DAYS[name]
    delivery = next(d for d in deliveries(day) if d.name == name)
    lake.land(day, {delivery.file: delivery.body})

    outcome = lake.run_day(day)

    assert outcome.state == delivery.state, (outcome.error, outcome.tasks)
