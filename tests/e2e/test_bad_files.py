"""Bad deliveries: each ends in a clear state with a message a person can act on, and loses nothing."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
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
    """A bad file, alone in its day, and what must become of it.

    :param message: words the failed run's message must hold; None if the day is published
    :param quarantined: records of a published day that must be in quarantine
    """

    day: str
    file: str
    body: Callable[[list[list[str]]], bytes]
    message: str | None = None
    quarantined: int = 0


def without_price(rows: list[list[str]]) -> bytes:
    price = HEADER.index("UnitPrice")
    return as_csv([c for c in HEADER if c != "UnitPrice"], [row[:price] + row[price + 1 :] for row in rows])


def reversed_columns(rows: list[list[str]]) -> bytes:
    return as_csv(HEADER[::-1], [row[::-1] for row in rows])


def truncated_gzip(rows: list[list[str]]) -> bytes:
    return gzip.compress(as_csv(HEADER, rows))[:-40]


def with_long_line(rows: list[list[str]]) -> bytes:
    description = HEADER.index("Description")
    return as_csv(HEADER, [[*rows[0][:description], "X" * 5_000_000, *rows[0][description + 1 :]], *rows[1:]])


def with_invalid_utf8(rows: list[list[str]]) -> bytes:
    return as_csv(HEADER, rows).replace(b"PAPER LANTERN", b"PAPER \xff\xfe LANTERN", 1)


def other_product(rows: list[list[str]]) -> bytes:
    return b"carrier,flight,origin\n" + b"UA,1545,EWR\n" * len(rows)


DELIVERIES = {
    "missing column": Delivery("2011-03-01", "bad.csv", without_price, message="UnitPrice"),
    "changed header order": Delivery("2011-03-02", "bad.csv", reversed_columns),
    "truncated gzip": Delivery("2011-03-03", "bad.csv.gz", truncated_gzip, message="bad.csv.gz"),
    "empty file": Delivery("2011-03-04", "bad.csv", lambda _rows: b"", message="0 bytes"),
    "line of 5 MB": Delivery("2011-03-05", "bad.csv", with_long_line, quarantined=1),
    "invalid UTF-8": Delivery("2011-03-06", "bad.csv", with_invalid_utf8, quarantined=1),
    "another product": Delivery("2011-03-07", "bad.csv", other_product, message="InvoiceNo"),
}


@pytest.mark.parametrize("name", DELIVERIES)
def test_a_bad_file_ends_in_a_clear_state_and_loses_nothing(lake: Lake, name: str) -> None:
    delivery = DELIVERIES[name]
    rows = rows_of(delivery.day, count=200)
    body = delivery.body(rows)
    lake.land(delivery.day, {delivery.file: body})

    outcome = lake.run_day(delivery.day)

    if delivery.message is None:
        assert outcome.succeeded, (outcome.error, outcome.tasks)
        (result,) = lake.results(delivery.day)
        assert result["rows"]["landed"] == len(rows)
        assert result["rows"]["quarantined"] == delivery.quarantined
        assert result["rows"]["published"] == len(rows) - delivery.quarantined
        (published,) = lake.query(
            f"SELECT COUNT(*) AS n FROM curated.online_retail WHERE invoice_day = DATE '{delivery.day}'"
        )
        assert int(published["n"]) == result["rows"]["published"]
    else:
        assert outcome.state == "failed", outcome.tasks
        assert delivery.message in (outcome.error or ""), outcome.error
        assert delivery.day not in lake.curated_versions()
    assert lake.landed(delivery.day, delivery.file) == body
