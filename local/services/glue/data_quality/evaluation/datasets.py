"""The tables of an evaluation, as relations of one DuckDB database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from local.services.athena.names import identifier
from local.services.glue.data_quality.evaluation import spark_sql
from local.services.glue.data_quality.evaluation.outcomes import Unmeasurable

PRIMARY = "primary"
_NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_SPARK_TYPES = {
    "VARCHAR": "StringType", "DATE": "DateType", "TIMESTAMP": "TimestampType", "BOOLEAN": "BooleanType",
    "BLOB": "BinaryType", "INTEGER": "IntegerType", "BIGINT": "LongType", "DOUBLE": "DoubleType",
}  # fmt: skip


@dataclass(frozen=True)
class ColumnInfo:
    """:param type: DuckDB type. :param hive_type: as the catalog has it."""

    name: str
    type: str
    hive_type: str

    @property
    def sql(self) -> str:
        return identifier(self.name)

    @property
    def is_numeric(self) -> bool:
        return self.type.startswith(_NUMERIC)

    @property
    def is_text(self) -> bool:
        return self.type == "VARCHAR"


@dataclass(frozen=True)
class Dataset:
    """:param name: of the relation that holds the rows."""

    name: str
    columns: Mapping[str, ColumnInfo]

    @property
    def relation(self) -> str:
        """As a FROM item."""
        return identifier(self.name)

    def column(self, name: str) -> ColumnInfo:
        """:param name: in any case, also in backticks.
        :raises Unmeasurable: there is no such column.
        """
        found = self.columns.get(name.strip("`").lower())
        if found is None:
            raise Unmeasurable(f"Input data does not include column {name}!")
        return found

    def numeric(self, name: str) -> ColumnInfo:
        """:raises Unmeasurable: no such column, or no numbers in it."""
        column = self.column(name)
        if not column.is_numeric:
            found = _SPARK_TYPES.get(column.type, column.type)
            raise Unmeasurable(
                f"Expected type of column {name} to be one of (LongType,IntegerType,ShortType,ByteType,DoubleType,"
                f"FloatType,DecimalType), but found {found} instead!"
            )
        return column

    def missing(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name.strip("`").lower() not in self.columns]


class Database:
    """The relations and the connection that asks them.

    :param datasets: by alias, in lower case; ``primary`` is the table that is evaluated.
    :param unavailable: why other tables that rules name could not be read.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        datasets: Mapping[str, Dataset],
        unavailable: Mapping[str, str] | None = None,
    ) -> None:
        self._connection = connection
        self._datasets = datasets
        self._unavailable = unavailable or {}

    @property
    def primary(self) -> Dataset:
        return self._datasets[PRIMARY]

    def reference(self, alias: str) -> Dataset:
        """:raises Unmeasurable: no data source has this alias."""
        found = self._datasets.get(alias.lower())
        if found is None:
            raise Unmeasurable(self._unavailable.get(alias.lower(), f"{alias} not found in additional sources"))
        return found

    def filtered(self, where: str | None) -> str:
        """FROM item with the rows of the primary table that a ``where`` clause leaves."""
        if where is None:
            return self.primary.relation
        return f"(SELECT * FROM {self.primary.relation} WHERE {self.condition(where)})"

    def condition(self, text: str) -> str:
        """A condition in Spark SQL over the primary table, in DuckDB's SQL.

        :raises Unmeasurable: it cannot be understood.
        """
        translated = spark_sql.condition(text)
        try:
            self.rows(f"SELECT 1 FROM {self.primary.relation} WHERE {translated} LIMIT 0")
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            first_line = str(error).split("\n", 1)[0]
            raise Unmeasurable(f"The provided where clause is invalid: {first_line}") from error
        return translated

    def row(self, sql: str) -> tuple[Any, ...]:
        found = self._connection.execute(sql).fetchone()
        assert found is not None, sql
        return tuple(found)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._connection.execute(sql).fetchall()]

    def described(self, sql: str) -> list[str]:
        """Names of a query's columns."""
        return [str(row[0]) for row in self._connection.execute(f"DESCRIBE {sql}").fetchall()]
