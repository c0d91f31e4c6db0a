"""Glue's built-in CSV classifier.

Source of all rules: AWS Glue guide, "Built-in CSV classifier".
"""

from __future__ import annotations

import csv
import io

from local.services.glue.crawlers.samples import Sample
from local.services.glue.crawlers.schemas import Column, FileSchema
from local.services.glue.crawlers.text_types import type_of_value, type_of_values

DELIMITERS = (",", "|", "\t", ";", "\x01")
HEADER_CELL_LIMIT = 150
# The classifier wants two columns and two rows of data before it calls something CSV.
MINIMUM_COLUMNS = 2
MINIMUM_ROWS = 2
# Rows with another number of cells are dirt, up to this share.
CONSISTENT_SHARE = 0.7

# JSON and XML have commas too; what their classifiers could not read is not CSV.
_OTHER_FORMATS = ("{", "[", "<")
_FIELD_LIMIT = 16 * 1024 * 1024
csv.field_size_limit(_FIELD_LIMIT)


def classify(sample: Sample) -> FileSchema | None:
    """:return: None when the sample is not CSV"""
    text = sample.text()
    if text is None or text.lstrip().startswith(_OTHER_FORMATS):
        return None
    table = _best_table(text)
    if table is None:
        return None
    delimiter, rows = table
    header = has_header(rows)
    width = len(rows[0])
    names = _names(rows[0]) if header else [f"col{position}" for position in range(width)]
    body = [row for row in rows[1 if header else 0 :] if len(row) == width]
    kinds = [type_of_values(set(values)) or "string" for values in zip(*body, strict=True)] or ["string"] * width
    parameters = {
        "delimiter": delimiter,
        "columnsOrdered": "true",
        "areColumnsQuoted": str(_is_quoted(text, delimiter)).lower(),
    }
    if header:
        parameters["skip.header.line.count"] = "1"
    return FileSchema(
        classification="csv",
        columns=tuple(Column(name, kind) for name, kind in zip(names, kinds, strict=True)),
        compression=sample.compression,
        parameters=tuple(parameters.items()),
        serde=(("field.delim", delimiter),),
        record_bytes=sample.stored_bytes / len(rows),
    )


def _best_table(text: str) -> tuple[str, list[list[str]]] | None:
    """Split by the delimiter that gives most columns of those that give a table."""
    best: tuple[str, list[list[str]]] | None = None
    for delimiter in DELIMITERS:
        if delimiter not in text:
            continue
        rows = _rows(text, delimiter)
        if rows is not None and (best is None or len(rows[0]) > len(best[1][0])):
            best = delimiter, rows
    return best


def _rows(text: str, delimiter: str) -> list[list[str]] | None:
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cell.strip() for cell in row)]
    except csv.Error:
        return None
    if len(rows) < MINIMUM_ROWS or len(rows[0]) < MINIMUM_COLUMNS:
        return None
    fitting = sum(len(row) == len(rows[0]) for row in rows)
    return rows if fitting >= CONSISTENT_SHARE * len(rows) else None


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns."""
    first = rows[0]
    if any(type_of_value(cell) != "string" for cell in first[:-1]):
        return False
    # To allow for a trailing delimiter the last column can be empty throughout the file
    if type_of_value(first[-1]) not in ("string", ""):
        return False
    if any(len(cell) >= HEADER_CELL_LIMIT for cell in first[:-1]) or not all(_is_column_name(cell) for cell in first):
        return False
    body = [row for row in rows[1:] if len(row) == len(first)]
    # Sufficiently different from the data: something there is not text
    return any(type_of_values(set(values)) not in ("string", "") for values in zip(*body, strict=True))


def _is_column_name(cell: str) -> bool:
    """One line without control characters (the API's single-line string pattern)."""
    return all(character.isprintable() or character == "\t" for character in cell)


def _names(header: list[str]) -> list[str]:
    """Lower-case column names, made distinct."""
    names: list[str] = []
    for position, cell in enumerate(header):
        name = cell.strip().lower() or f"col{position}"
        names.append(name if name not in names else f"{name}_{position}")
    return names


def _is_quoted(text: str, delimiter: str) -> bool:
    """Whether every column of the first line is in quotes."""
    cells = text.split("\n", 1)[0].rstrip("\r").split(delimiter)
    return all(len(cell) > 1 and cell.startswith('"') and cell.endswith('"') for cell in cells)
