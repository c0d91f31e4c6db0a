"""The data products whose deliveries this laptop can make, each with the function that writes them.

A function takes the folder, the days, the number of rows of its main table (None: as many as the source has), the seed
and whether to compress, and returns the files: ``<folder>/<table>/<day>.csv``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from local.seed import flights, online_retail, tickit

Generator = Callable[[Path, Sequence[str], int | None, int, bool], list[Path]]

_INVOICE_LINES = 3_000


def _online_retail(folder: Path, days: Sequence[str], rows: int | None, seed: int, compress: bool) -> list[Path]:
    lines = _INVOICE_LINES if rows is None else rows
    return online_retail.generate(folder / "online_retail", days, lines, seed, compress)


GENERATORS: dict[str, Generator] = {
    "online_retail": _online_retail,
    "flights": flights.generate,
    "tickit": tickit.generate,
}
