"""Small deliveries, as bytes."""

from __future__ import annotations

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
SALE = "536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom"
OTHER_SALE = "536366,22633,HAND WARMER UNION JACK,6,2010-12-01 08:28:00,1.85,17851.0,France"
RETURN = "C536379,85123A,WHITE HANGING HEART T-LIGHT HOLDER,-1,2010-12-01 09:41:00,2.55,17850.0,United Kingdom"


def csv_bytes(*lines: str, header: str = HEADER) -> bytes:
    """Join a header and lines into a file."""
    return ("\n".join((header, *lines)) + "\n").encode()


def sale(**changed: str) -> str:
    """A good line with some fields replaced, by header name."""
    fields = dict(zip(HEADER.split(","), SALE.split(","), strict=True))
    unknown = set(changed) - set(fields)
    assert not unknown, unknown
    return ",".join({**fields, **changed}.values())
