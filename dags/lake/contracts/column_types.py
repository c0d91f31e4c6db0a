"""One physical type of a contract in the words of Spark, Athena and Redshift."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIMPLE = {
    # contract: (Spark, Athena, Redshift)
    "boolean": ("boolean", "boolean", "boolean"),
    "smallint": ("smallint", "smallint", "smallint"),
    "int": ("int", "int", "integer"),
    "bigint": ("bigint", "bigint", "bigint"),
    "double": ("double", "double", "double precision"),
    "date": ("date", "date", "date"),
    "timestamp": ("timestamp", "timestamp", "timestamp"),
}
_VARCHAR = re.compile(r"varchar\((\d+)\)")
_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")
_REDSHIFT_VARCHAR_MAX = 65535  # Redshift documentation, "Character types"
_DECIMAL_MAX_PRECISION = 38  # Athena and Redshift documentation

SUPPORTED = "boolean, smallint, int, bigint, double, decimal(p,s), varchar(n), date, timestamp"


class UnknownTypeError(ValueError):
    """A physical type that the three engines do not share."""


@dataclass(frozen=True)
class EngineTypes:
    """A type as each engine spells it.

    :param spark: type in Spark SQL
    :param athena: type in Athena DDL and in the Glue catalog
    :param redshift: type in Redshift DDL
    :param max_bytes: length limit of a varchar in bytes (Redshift counts bytes), else None
    """

    spark: str
    athena: str
    redshift: str
    max_bytes: int | None = None


def engine_types(physical_type: str) -> EngineTypes:
    """Translate a physical type.

    :param physical_type: for example ``varchar(32)`` or ``decimal(12,3)``
    :raises UnknownTypeError: if one of the engines has no such type
    """
    text = physical_type.strip().lower()
    if text in _SIMPLE:
        return EngineTypes(*_SIMPLE[text])
    if match := _VARCHAR.fullmatch(text):
        length = int(match[1])
        if 1 <= length <= _REDSHIFT_VARCHAR_MAX:
            return EngineTypes("string", "string", f"varchar({length})", max_bytes=length)
    if match := _DECIMAL.fullmatch(text):
        precision, scale = int(match[1]), int(match[2])
        if 1 <= precision <= _DECIMAL_MAX_PRECISION and scale <= precision:
            spelled = f"decimal({precision},{scale})"
            return EngineTypes(spelled, spelled, spelled)
    raise UnknownTypeError(f"{physical_type!r} is not a type of Spark, Athena and Redshift; use one of {SUPPORTED}")
