"""What 1,000 contracts add to parsing a DAG file: reading the index and building the one contract the file needs.

Run in the Airflow runtime: ``PYTHONPATH=dags .venv/airflow/bin/python bench/thousand_contracts.py``.
Limit: 50 ms.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

import lake.contracts as contracts

PRODUCTS = 1000
ROUNDS = 9


def main() -> None:
    index = json.loads(contracts.INDEX_FILE.read_text())
    entry = index["products"]["online_retail"]
    index["products"] = {f"product_{number:04}": entry for number in range(PRODUCTS)}
    milliseconds = []
    with tempfile.TemporaryDirectory() as folder:
        contracts.INDEX_FILE = Path(folder) / "index.json"
        contracts.INDEX_FILE.write_text(json.dumps(index))
        for _ in range(ROUNDS):
            contracts._index.cache_clear()
            contracts.contract.cache_clear()
            begin = time.perf_counter()
            contracts.contract("product_0500")
            milliseconds.append(1000 * (time.perf_counter() - begin))
        size = contracts.INDEX_FILE.stat().st_size
    print(f"{PRODUCTS} contracts, index of {size / 1024:.0f} KiB: median {statistics.median(milliseconds):.1f} ms, "
          f"max {max(milliseconds):.1f} ms of {ROUNDS}; limit 50 ms")  # fmt: skip


if __name__ == "__main__":
    main()
