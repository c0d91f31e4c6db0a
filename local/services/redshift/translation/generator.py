"""Writes the rewritten tree as PostgreSQL."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.generators.postgres import PostgresGenerator

# Types that PostgreSQL lacks and what stores their values here.
STORED_AS = {
    "SUPER": "JSONB",
    "HLLSKETCH": "BYTEA",
    "GEOMETRY": "BYTEA",
    "GEOGRAPHY": "BYTEA",
    "VARBYTE": "BYTEA",
    "VARBINARY": "BYTEA",
}
MAX_VARCHAR_BYTES = 65535


class Verbatim(exp.Expression):
    """Finished PostgreSQL text inside a tree."""

    arg_types: ClassVar = {"this": True}

    def __init__(self, sql: str | None = None, **arguments: Any) -> None:
        super().__init__(**(arguments or {"this": sql}))


class PostgresSql(Postgres):
    """What the local engine executes."""

    class Generator(PostgresGenerator):
        TRANSFORMS: ClassVar = {**PostgresGenerator.TRANSFORMS, Verbatim: lambda self, node: node.this}

        def datatype_sql(self, expression: exp.DataType) -> str:
            written = expression.sql(dialect="redshift").upper()
            stored = STORED_AS.get(written.split("(")[0])
            if stored:
                return stored
            if written in ("VARCHAR(MAX)", "CHARACTER VARYING(MAX)", "NVARCHAR(MAX)"):
                return f"VARCHAR({MAX_VARCHAR_BYTES})"
            generated: str = super().datatype_sql(expression)
            return "BYTEA" if generated.upper().startswith("BYTEA(") else generated


def write(node: exp.Expr) -> str:
    return node.sql(dialect=PostgresSql)


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """A call of one of our functions in ``pg_catalog``."""
    return exp.Anonymous(this=name, expressions=list(arguments))
