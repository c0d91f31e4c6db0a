"""What a classifier finds out about a file, and how the findings of several files are put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# The share of equal columns that makes two schemas similar. AWS documents the idea, not the number.
SIMILARITY = 0.7

_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double")


@dataclass(frozen=True)
class Column:
    name: str
    type: str


@dataclass(frozen=True)
class FileSchema:
    """The answer of a classifier.

    :param classification: ``csv``, ``json`` or ``parquet``
    :param parameters: what the classification adds to the table's parameters
    :param serde: parameters of the SerDe
    :param record_bytes: average size of a record in the file as it is stored
    """

    classification: str
    columns: tuple[Column, ...]
    compression: str = "none"
    parameters: tuple[tuple[str, str], ...] = ()
    serde: tuple[tuple[str, str], ...] = ()
    record_bytes: float = 1.0

    @property
    def column_names(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns)

    @property
    def format(self) -> tuple[str, str]:
        """What must be equal in one table."""
        return self.classification, dict(self.serde).get("field.delim", "")

    def similar(self, other: FileSchema) -> bool:
        """Whether both may be in one table."""
        if self.format != other.format:
            return False
        common = len(self.column_names & other.column_names)
        return common >= SIMILARITY * max(len(self.column_names), len(other.column_names))


@dataclass
class Statistics:
    """Size of a table or partition, as Glue writes it into the parameters."""

    files: int = 0
    size: int = 0
    records: float = 0.0

    def add(self, size: int, schema: FileSchema | None) -> None:
        self.files += 1
        self.size += size
        if schema is not None:
            self.records += size / max(schema.record_bytes, 1.0)

    @property
    def parameters(self) -> dict[str, str]:
        records = max(1, round(self.records))
        return {
            "sizeKey": str(self.size),
            "objectCount": str(self.files),
            "recordCount": str(records),
            "averageRecordSize": str(max(1, round(self.size / records))),
        }


def merged_type(first: str, second: str) -> str:
    """The type that holds both; text when nothing else does."""
    if first == second or second == "":
        return first
    if first == "":
        return second
    if first in _NUMBERS and second in _NUMBERS:
        narrower, wider = sorted((first, second), key=_NUMBERS.index)
        # A float cannot hold every int
        return "double" if wider == "float" and narrower in ("int", "bigint") else wider
    return "string"


def merged_columns(schemas: Iterable[FileSchema]) -> list[Column]:
    """Columns in order of appearance, each with a type for all files."""
    types: dict[str, str] = {}
    for schema in schemas:
        for column in schema.columns:
            types[column.name] = merged_type(types.get(column.name, ""), column.type)
    return [Column(name, kind or "string") for name, kind in types.items()]


def main_group(schemas: list[FileSchema]) -> list[FileSchema]:
    """The largest group of similar schemas."""
    groups: list[list[FileSchema]] = []
    for schema in schemas:
        group = next((group for group in groups if group[0].similar(schema)), None)
        if group is None:
            groups.append([schema])
        else:
            group.append(schema)
    return max(groups, key=len) if groups else []
