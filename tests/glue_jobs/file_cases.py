"""One file each: what a delivery may look like, and what becomes of it."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

from tests.glue_jobs.days import HEADER, OTHER_SALE, SALE, csv_bytes

_REVERSED = ",".join(reversed(HEADER.split(",")))
_SALE_REVERSED = ",".join(reversed(SALE.split(",")))
_WITHOUT_PRICE = HEADER.replace("UnitPrice,", "")
_SALE_WITHOUT_PRICE = SALE.replace("2.55,", "")
_ENOUGH = csv_bytes(*(SALE.replace("536365", f"{536365 + n}") for n in range(500)))


@dataclass(frozen=True)
class FileCase:
    """A delivered file.

    :param content: its bytes
    :param state: accepted, empty or refused
    :param landed: records that count
    :param problem: class of the problem when refused
    :param message: words its message must have
    :param reasons: reasons of the rows it sends to quarantine
    """

    content: bytes
    state: str = "accepted"
    landed: int = 1
    problem: str | None = None
    message: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def _refused(content: bytes, problem: str, *message: str) -> FileCase:
    return FileCase(content, "refused", 0, problem, message)


FILE_CASES: dict[str, FileCase] = {
    "as agreed": FileCase(csv_bytes(SALE)),
    "columns in another order": FileCase(csv_bytes(_SALE_REVERSED, header=_REVERSED)),
    "header in other case": FileCase(csv_bytes(SALE, header=HEADER.upper())),
    "byte order mark and quoted header": FileCase(b'\xef\xbb\xbf"InvoiceNo"' + csv_bytes(SALE)[9:]),
    "Windows line ends": FileCase(csv_bytes(SALE).replace(b"\n", b"\r\n")),
    "no line end at the end": FileCase(csv_bytes(SALE)[:-1]),
    "empty lines": FileCase(csv_bytes(SALE, "", "")),
    "gzip without the name": FileCase(gzip.compress(csv_bytes(SALE))),
    "two gzip members": FileCase(gzip.compress(csv_bytes(SALE)) + gzip.compress(f"{OTHER_SALE}\n".encode()), landed=2),
    "an unknown column": FileCase(csv_bytes(f"{SALE},web", header=f"{HEADER},Channel")),
    "an optional column missing": FileCase(csv_bytes("536365,85123A,6,2010-12-01 08:26:00,2.55,17850.0,France",
                                                     header=HEADER.replace("Description,", ""))),
    "a header only": FileCase(csv_bytes(), "empty", 0),
    "zero bytes": FileCase(b"", "empty", 0),
    "line breaks only": FileCase(b"\n\n", "empty", 0),
    "bytes that are not UTF-8": FileCase(
        csv_bytes(SALE, OTHER_SALE).replace(b"WARMER", b"W\xc4RMER"), landed=2, reasons=("record_not_utf8",)
    ),
    "a quote that is never closed": FileCase(
        csv_bytes(SALE, '536366,22633,"HAND WARMER,6', OTHER_SALE), landed=2, reasons=("record_not_csv",)
    ),
    "a required column missing": _refused(
        csv_bytes(_SALE_WITHOUT_PRICE, header=_WITHOUT_PRICE), "SchemaMismatch", "misses column(s) UnitPrice",
        f"expected {HEADER.replace(',', ', ')}", f"found {_WITHOUT_PRICE.replace(',', ', ')}",
    ),
    "a required column renamed": _refused(
        csv_bytes(SALE, header=HEADER.replace("Quantity", "Qty")), "SchemaMismatch", "misses column(s) Quantity", "Qty"
    ),
    "an optional column renamed": _refused(
        csv_bytes(SALE, header=HEADER.replace("CustomerID", "Customer")), "SchemaMismatch",
        "has Customer and no CustomerID, it looks renamed",
    ),
    "a column twice": _refused(
        csv_bytes(f"{SALE},6", header=f"{HEADER},quantity"), "SchemaMismatch", "Quantity, quantity more than once"
    ),
    "another product": _refused(
        b"flight,origin,dest\nUA1545,EWR,IAH\n", "SchemaMismatch", "holds none of the columns", "another product's",
        "found flight, origin, dest",
    ),
    "another delimiter": _refused(
        csv_bytes(SALE).replace(b",", b";"), "SchemaMismatch", "none of the columns", "InvoiceNo;"
    ),
    "no header": _refused(f"{SALE}\n".encode(), "SchemaMismatch", "none of the columns", "found 536365, 85123A"),
    "a truncated gzip": _refused(gzip.compress(_ENOUGH)[:-40], "UnreadableFile", "gzip file that ends too early"),
    "a damaged gzip": _refused(
        gzip.compress(_ENOUGH)[:200] + b"\x00" * 60 + gzip.compress(_ENOUGH)[260:], "UnreadableFile", "damaged gzip",
    ),
    "UTF-16": _refused(csv_bytes(SALE).decode().encode("utf-16"), "UnreadableFile", "is not UTF-8 text"),
    "Parquet": _refused(b"PAR1\x15\x04\x15\xf0\xff\x00" + bytes(range(256)) + b"PAR1", "UnreadableFile", "UTF-8"),
    "old Macintosh line ends": _refused(
        csv_bytes(SALE).replace(b"\n", b"\r"), "UnreadableFile", "header that is not CSV"
    ),
}  # fmt: skip
