"""Everything the lake holds, read without the lake's own code: every version of every object, every text column.

The objects are read by this module as a program of the local runtime, because Airflow's has no Parquet reader:
words and buckets come as JSON on standard input, mentions go to standard output.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.e2e.lake import Lake

LOCAL_PYTHON = Path(__file__).resolve().parents[2] / ".venv" / "local" / "bin" / "python"


def mentions_in_buckets(lake: Lake, buckets: Iterable[str], words: Iterable[str]) -> list[str]:
    """Object versions in which one of the words stands, as ``bucket: key version``."""
    asked = json.dumps({"buckets": list(buckets), "words": list(words)})
    command = [str(LOCAL_PYTHON), "-m", "tests.e2e.lake_contents", str(lake.aws.settings.state_dir)]
    environment = {**os.environ, "PYTHONPATH": str(LOCAL_PYTHON.parents[3])}
    done = subprocess.run(command, input=asked, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def mentions_in_warehouse(lake: Lake, words: Iterable[str]) -> list[str]:
    """Columns of tables and views in which one of the words is a value, as ``schema.table: column``, and statistics.

    Values are compared here: a word in a statement would be a trace of its own.
    """
    columns = lake.warehouse(
        "SELECT table_schema, table_name, column_name FROM svv_columns WHERE data_type LIKE 'character%' "
        "AND table_schema NOT IN ('pg_catalog', 'information_schema') AND table_schema NOT LIKE 'pg_%'"
    )
    wanted, found = set(words), []
    for schema, table, column in columns:
        values = lake.warehouse(f'SELECT DISTINCT "{column}" FROM "{schema}"."{table}"')
        if wanted & {value for (value,) in values}:
            found.append(f"{schema}.{table}: {column}")
    statistics = lake.warehouse(
        "SELECT schemaname, tablename, attname, most_common_vals::text, histogram_bounds::text FROM pg_stats "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
        principal=None,
    )
    for schema, table, column, common, bounds in statistics:
        if wanted & set(re.split(r'[{},"]+', f"{common},{bounds}")):
            found.append(f"statistics of {schema}.{table}: {column}")
    return found


def text_of(body: bytes) -> str:
    """All text of an object: packed files unpacked, Parquet files cell by cell."""
    if body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
    if body.startswith(b"PAR1") and body.endswith(b"PAR1") and len(body) > 12:
        import pyarrow.parquet as pq

        table = pq.ParquetFile(io.BytesIO(body)).read()
        cells = [str(cell) for column in table.columns for cell in column.to_pylist()]
        return "\n".join([*cells, str(table.schema.metadata)])
    return body.decode("utf-8", "replace")


def _mentions(s3: Any, bucket: str, pattern: re.Pattern[str]) -> list[str]:
    found = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []):
            body = s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
            if pattern.search(version["Key"]) or pattern.search(text_of(body)):
                found.append(f"{bucket}: {version['Key']} {version['VersionId']}")
        found += [f"{bucket}: {entry['Key']} marker" for entry in page.get("DeleteMarkers", [])
                  if pattern.search(entry["Key"])]  # fmt: skip
    return found


def main() -> None:
    from local.clients import service_client
    from local.settings import load_settings

    asked = json.load(sys.stdin)
    words = "|".join(rf"(?<![0-9A-Za-z]){re.escape(word)}(?![0-9A-Za-z])" for word in asked["words"])
    s3 = service_client("s3", load_settings(Path(sys.argv[1])))
    found = [mention for bucket in asked["buckets"] for mention in _mentions(s3, bucket, re.compile(words))]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
