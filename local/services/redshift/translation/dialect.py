"""The parser: sqlglot's Redshift, but functions that we define ourselves stay as they are written."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp, parse_one
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.redshift import RedshiftParser

from local.services.redshift.errors import RedshiftError

# sqlglot translates these itself, but to functions whose results differ (DATEDIFF counts elapsed time instead of
# boundaries, CONCAT ignores NULL, SHA2 gives bytes...). functions.sql defines them with Redshift's meaning.
_OWN_NAMES = """
    GETDATE DATEADD DATE_ADD DATEDIFF DATE_DIFF ADD_MONTHS MONTHS_BETWEEN LAST_DAY NEXT_DAY DATE_TRUNC TRUNC
    CONVERT_TIMEZONE TO_CHAR TO_DATE TO_TIMESTAMP TO_NUMBER DATE_PART DATE_PART_YEAR DATE_CMP TIMEOFDAY
    JSON_EXTRACT_PATH_TEXT JSON_EXTRACT_ARRAY_ELEMENT_TEXT JSON_ARRAY_LENGTH JSON_PARSE PARSE_JSON JSON_SERIALIZE
    IS_VALID_JSON IS_VALID_JSON_ARRAY CAN_JSON_PARSE OBJECT GET_ARRAY_LENGTH ARRAY_CONCAT SPLIT_TO_ARRAY ARRAY_CONTAINS
    STRTOL SHA2 SHA1 SHA FUNC_SHA1 MD5 CRC32 FNV_HASH CHECKSUM TO_VARBYTE FROM_VARBYTE FROM_HEX TO_HEX HLL
    REGEXP_SUBSTR REGEXP_REPLACE REGEXP_COUNT REGEXP_INSTR CONCAT CHARINDEX STRPOS LEN LENGTH TEXTLEN OCTET_LENGTH
    DEXP DLOG1 DLOG10 LOG CEIL FLOOR TRANSLATE SPLIT_PART LEFT RIGHT INITCAP SPACE REPLICATE SUBSTRING_INDEX
    MEDIAN SIGN SQRT POWER POW LPAD RPAD REVERSE ASCII CHR
"""
_OWN_FUNCTIONS = frozenset(_OWN_NAMES.split())


class RedshiftSql(Redshift):
    """Redshift as the user writes it."""

    class Parser(RedshiftParser):
        FUNCTIONS: ClassVar = {k: v for k, v in RedshiftParser.FUNCTIONS.items() if k not in _OWN_FUNCTIONS}
        FUNCTION_PARSERS: ClassVar = {
            k: v for k, v in RedshiftParser.FUNCTION_PARSERS.items() if k not in _OWN_FUNCTIONS
        }
        NO_PAREN_FUNCTION_PARSERS: ClassVar = {
            **RedshiftParser.NO_PAREN_FUNCTION_PARSERS,
            "SYSDATE": lambda self: self.expression(exp.Anonymous(this="sysdate")),
        }


def parse(sql: str) -> exp.Expr:
    """Parse one statement.

    :raises RedshiftError: a syntax error, as Redshift words it
    """
    try:
        return parse_one(sql, read=RedshiftSql)
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        near = str(first.get("highlight") or "").strip() or "end of input"
        raise RedshiftError(
            f'syntax error at or near "{near}"',
            detail=f"line {first.get('line')}, column {first.get('col')}: {first.get('description')}",
        ) from error
    except TokenError as error:
        raise RedshiftError(f"syntax error: {str(error).splitlines()[0]}") from error
