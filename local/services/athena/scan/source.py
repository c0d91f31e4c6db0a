"""What a file format reader hands to the scanner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from local.services.athena.catalog import Column
from local.services.athena.hive_types import duckdb_type
from local.services.athena.names import identifier, literal
from local.services.athena.storage import DataFile

# Holds the file's address in every reader's output; a data column called `filename` stays free.
FILE_COLUMN = "source_file__"


@dataclass(frozen=True)
class Source:
    """:param relation: FROM item with raw columns and FILE_COLUMN.
    :param projections: one SELECT item per data column of the table.
    """

    relation: str
    projections: tuple[str, ...]


def file_list(files: Iterable[DataFile]) -> str:
    return "[" + ", ".join(literal(file.uri) for file in files) + "]"


def missing(column: Column) -> str:
    """A column that the files do not have."""
    return f"CAST(NULL AS {duckdb_type(column.type)}) AS {identifier(column.name)}"
