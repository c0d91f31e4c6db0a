"""Write the delivered file of one table and day: rows as text with a header line, plain or gzip."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from pathlib import Path


def write_delivery(
    folder: Path,
    day: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    delimiter: str = ",",
    compress: bool = False,
) -> Path:
    """Write ``<folder>/<day>.csv``; a reader sees the whole file or none.

    :param folder: folder of the table; created
    :param day: ISO date
    :param header: column names as the source writes them
    :param rows: values in the order of the header
    :param delimiter: one character
    :param compress: write ``<day>.csv.gz`` instead
    :return: the file
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{day}.csv{'.gz' if compress else ''}"
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as raw:
        # mtime 0: gzip would otherwise write the clock into the file, and equal days would differ.
        stream = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if compress else raw
        text = TextIOWrapper(stream, encoding="utf-8", newline="")
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        text.close()
    return part.replace(path)
