"""Days that were cleaned by a contract that was too strict, in a lake whose contract has been put right since."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.demo.airflow_runs import RunOutcome, WarmAirflow
from local.settings import REPOSITORY
from tests.e2e.lake import PRODUCT, Lake

# The wrong rule: nothing is wrong with lanterns.
RULE = "no_lanterns"
FAILS_WHEN = "coalesce((description LIKE '%LANTERN%'), false)"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
LANTERNS, OTHERS, BROKEN = 6, 60, 2


def day_file(day: str) -> bytes:
    """Lines of a day: some lanterns, among them two of one invoice with another line, and two lines that no contract
    would take."""
    lines = [HEADER]
    for number in range(OTHERS):
        lines.append(f"{536400 + number // 3},2{2000 + number},HAND WARMER,6,{day} 08:26:00,2.55,17850.0,Norway")
    for number in range(LANTERNS):
        lines.append(f"{536400 + number // 2},1{2000 + number},PAPER LANTERN,2,{day} 08:26:00,1.25,12346.0,France")
    lines += [f"536500,2{3000 + number},MUG,many,{day} 08:26:00,2.55,17850.0,France" for number in range(BROKEN)]
    return "\n".join([*lines, lines[1], ""]).encode()


@contextmanager
def strict_lake(lake: Lake, folder: Path, examples: Iterable[Path] = ()) -> Iterator[Lake]:
    """Give a lake whose deployed contract has one more rule, and take the rule away again at the end.

    :param lake: the lake with the repository's contract
    :param folder: folder for its DAGs
    :param examples: DAG files beside those of the repository
    """
    dags = folder / "dags"
    shutil.copytree(REPOSITORY / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
    for example in examples:
        shutil.copy(example, dags)
    compiled, index = dags / "contracts" / f"{PRODUCT}.json", dags / "contracts" / "index.json"
    document = json.loads(compiled.read_text())
    template = document["row_rules"][0]
    document["row_rules"].append({**template, "id": RULE, "name": RULE, "severity": "error", "fails_when": FAILS_WHEN})
    document["hash"] = "0" * 16
    compiled.write_text(json.dumps(document))
    known = json.loads(index.read_text())
    known["products"][PRODUCT]["hash"] = document["hash"]
    index.write_text(json.dumps(known))

    deploy(lake, compiled)
    log = folder / "airflow.log"
    environment = lake.environment | {"AIRFLOW__CORE__DAGS_FOLDER": str(dags)}
    try:
        with WarmAirflow.start(environment, lake.aws.settings.state_dir, log) as airflow:
            yield Lake(lake.aws, airflow, environment, lake.recorder)
    finally:
        deploy(lake, REPOSITORY / "dags" / "contracts" / f"{PRODUCT}.json")


def deploy(lake: Lake, compiled: Path) -> None:
    """Upload a compiled contract, as a deployment does."""
    key = f"contracts/{PRODUCT}.json"
    lake.client("s3").put_object(Bucket=lake.aws.name("artifacts"), Key=key, Body=compiled.read_bytes())


def replay(lake: Lake, day: str, **params: object) -> RunOutcome:
    """Run quarantine_replay for a day, with the decision given, as on the command line."""
    given = {"approved_by": "ada", "reason": "lanterns are goods"}
    conf = {"product": PRODUCT, "day": day, **given, **params}
    return lake.record("quarantine_replay", "2026-01-01", conf)


def partition(lake: Lake, database: str, day: str) -> dict[str, str]:
    """Location and parameters of a day's partition."""
    glue: Any = lake.client("glue")
    found = glue.get_partition(DatabaseName=database, TableName=PRODUCT, PartitionValues=[day])["Partition"]
    return {"location": found["StorageDescriptor"]["Location"], **found["Parameters"]}


def keys(lake: Lake, folder: str, day: str) -> list[str]:
    """Keys below a folder of the governance bucket."""
    where = {"Bucket": lake.aws.name("governance"), "Prefix": f"{folder}/{PRODUCT}/ingest_date={day}/"}
    return [entry["Key"] for entry in lake.client("s3").list_objects_v2(**where).get("Contents", [])]


def objects(lake: Lake, folder: str, day: str) -> dict[str, list[dict[str, Any]]]:
    """JSON lines by key below a folder of the governance bucket."""
    s3, bucket = lake.client("s3"), lake.aws.name("governance")
    bodies = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys(lake, folder, day)}
    return {key: [json.loads(line) for line in body.decode().splitlines() if line] for key, body in bodies.items()}
