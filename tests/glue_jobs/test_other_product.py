"""The shared steps know no product: one made from a sample goes through them as well."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

from pyspark.sql import SparkSession

from glue_jobs.cleaning import load_contract, write_rows
from local.scaffold.product import PATTERN_DAG, product_files
from tests.glue_jobs.conftest import KEY, REPOSITORY, deliver, job_arguments

# Header names with blanks and dots, no column that identifies a row, no date.
CONTENT = """\
Shop No.,till.code,Sold items,e-mail
1,A,5,anna@example.com
1,A,5,anna@example.com
1,A,6,
2,B,many,bob@example.com
"""


def _contracts(*arguments: str) -> None:
    program = [str(REPOSITORY / ".venv/airflow/bin/python"), "-m", "lake.contracts", *arguments]
    path = {"PYTHONPATH": str(REPOSITORY / "dags")}
    done = subprocess.run(program, env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_product_from_a_sample(spark: SparkSession, tmp_path: Path) -> None:
    sample = tmp_path / "sample.csv"
    sample.write_text("Shop No.,till.code,Sold items,e-mail\n1,A,5,anna@example.com\n1,B,5,\n2,B,5,\n1,A,5,\n")
    dags = tmp_path / "dags"
    contracts = dags / "contracts"
    contracts.mkdir(parents=True)
    shutil.copy(REPOSITORY / PATTERN_DAG, dags)
    _contracts("--repository", str(tmp_path), "import", "tills", "--sample", str(sample))
    _contracts("--repository", str(tmp_path), "compile")
    files = product_files(tmp_path, "tills")
    transforms = tmp_path / "tills_transforms.py"
    transforms.write_text(files["glue_jobs/tills/transforms.py"])
    spec = importlib.util.spec_from_file_location("tills_transforms", transforms)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    deliver(tmp_path / "source", {"a.csv": CONTENT.encode()})
    arguments = job_arguments(tmp_path, "2026-01-05")
    written = write_rows(spark, arguments, load_contract(str(contracts / "tills.json")), module.finish, KEY)
    balance = written.balance
    assert (balance.landed, balance.published, balance.quarantined, balance.duplicates) == (4, 2, 1, 1)
    assert written.outcomes.failed == {"sold_items_unreadable": 1}
    rows = [row.asDict() for row in written.published.collect()]
    assert [(row["row_no"], row["sold_items"], str(row["delivery_day"])) for row in rows] == [
        (1, 5, "2026-01-05"),
        (2, 6, "2026-01-05"),
    ]
    assert rows[1]["e_mail"] is None
    assert len(rows[0]["e_mail"]) == 64
