"""Names of tables and columns in statements that are read with patterns."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME_PATTERN = r'(?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+)){0,2}'
_PART = re.compile(r'"([^"]+)"|([\w$]+)')


@dataclass(frozen=True)
class TableName:
    """A table as Redshift reads it: names are folded to lower case, also quoted ones."""

    name: str
    schema: str | None = None
    database: str | None = None

    @property
    def sql(self) -> str:
        """The name for PostgreSQL, quoted; the database is left out (a connection has one)."""
        return ".".join(quoted(part) for part in (self.schema, self.name) if part)


def table_name(text: str) -> TableName:
    parts = [(quoted_part or bare).lower() for quoted_part, bare in _PART.findall(text)]
    return TableName(parts[-1], parts[-2] if len(parts) > 1 else None, parts[-3] if len(parts) > 2 else None)


def column_names(text: str) -> list[str]:
    """Read ``a, "b"``."""
    return [(quoted_part or bare).lower() for quoted_part, bare in _PART.findall(text)]


def quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A string literal that reads the same in Redshift and PostgreSQL (with a backslash, as E'...')."""
    text = value.replace("'", "''")
    return f"E'{text.replace(chr(92), chr(92) * 2)}'" if "\\" in text else f"'{text}'"
