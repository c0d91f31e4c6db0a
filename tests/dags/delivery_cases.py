"""Files a sender might deliver, and what check_schema must say about them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
ROW = "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"


@dataclass(frozen=True)
class DeliveryCase:
    """One delivered file.

    :param name: file name
    :param content: bytes of the file
    :param verdict: same, compatible or breaking
    :param says: words that the message must hold
    """

    name: str
    content: bytes
    verdict: str
    says: tuple[str, ...] = ()


def csv(header: str, rows: str = ROW) -> bytes:
    """:return: a CSV file"""
    return f"{header}\n{rows}".encode()


CASES = {
    "as contracted": DeliveryCase("day.csv", csv(HEADER), "same"),
    "packed": DeliveryCase("day.csv.gz", gzip.compress(csv(HEADER)), "same"),
    "byte order mark": DeliveryCase("day.csv", b"\xef\xbb\xbf" + csv(HEADER), "same"),
    "windows line ends": DeliveryCase("day.csv", csv(HEADER).replace(b"\n", b"\r\n"), "same"),
    "header only": DeliveryCase("day.csv", HEADER.encode(), "same"),
    "bad bytes below the header": DeliveryCase("day.csv", csv(HEADER) + b"\xff\xfe,broken\n", "same"),
    "a line of 5 MB below the header": DeliveryCase("day.csv", csv(HEADER, "x" * 5_000_000), "same"),
    "truncated gzip, header intact": DeliveryCase("day.csv.gz", gzip.compress(csv(HEADER, ROW * 5000))[:2000], "same"),
    "other order": DeliveryCase(
        "day.csv", csv(",".join(reversed(HEADER.split(",")))), "compatible", ("another order", "found by name")
    ),
    "other case": DeliveryCase("day.csv", csv(HEADER.lower()), "same"),
    "new column": DeliveryCase("day.csv", csv(HEADER + ",Channel"), "compatible", ("Channel", "rescued")),
    "optional column missing": DeliveryCase(
        "day.csv", csv(HEADER.replace("Description,", "")), "compatible", ("optional column Description", "NULL")
    ),
    "required column missing": DeliveryCase(
        "day.csv", csv(HEADER.replace("Quantity,", "")), "breaking", ("required column Quantity is missing",)
    ),
    "required column renamed": DeliveryCase(
        "day.csv", csv(HEADER.replace("Quantity", "Qty")), "breaking", ("Quantity", "Qty", "renamed")
    ),
    "column twice": DeliveryCase("day.csv", csv(HEADER + ",Country"), "breaking", ("country", "twice")),
    "another product": DeliveryCase(
        "day.csv", csv("order_id,customer,total,Country"), "breaking", ("not a file of online_retail", "order_id")
    ),
    "no header": DeliveryCase("day.csv", ROW.encode(), "breaking", ("not a file of online_retail", "536365")),
    "blank first line": DeliveryCase("day.csv", b"\n" + csv(HEADER), "breaking", ("first line is blank",)),
    "not UTF-8": DeliveryCase("day.csv", HEADER.encode("utf-16"), "breaking", ("not UTF-8",)),
    "packed under another name": DeliveryCase("day.csv", gzip.compress(csv(HEADER)), "same"),
    "not packed under .gz": DeliveryCase("day.csv.gz", csv(HEADER), "same"),
    "optional column renamed": DeliveryCase(
        "day.csv", csv(HEADER.replace("Description", "Name")), "breaking", ("optional column Description", "renamed")
    ),
    "one endless line": DeliveryCase("day.csv", b"x" * 200_000, "breaking", ("longer than 65536 bytes",)),
    "damaged gzip": DeliveryCase(
        "day.csv.gz", b"\x1f\x8b\x08\x00" + b"\xff" * 50, "breaking", ("gzip stream is damaged",)
    ),
}
