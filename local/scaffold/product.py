"""The files of a new product beside its contract. The DAG file is that of online_retail with other names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PATTERN_DAG = "dags/online_retail_daily.py"
RUNBOOK = "docs/runbook.md"


class ScaffoldError(Exception):
    """The product cannot be started; the message says why."""


def product_files(repository: Path, product: str) -> dict[str, str]:
    """Return the text of each new file by its path in the repository.

    :param repository: the repository, whose online_retail is the pattern and that holds the product's compiled contract
    :param product: name of the new product
    :raises ScaffoldError: if there is no compiled contract or a file exists already
    """
    compiled = repository / "dags" / "contracts" / f"{product}.json"
    if not compiled.exists():
        raise ScaffoldError(f"{compiled} does not exist: import a contract and run `make contracts` first")
    columns = json.loads(compiled.read_text(encoding="utf-8"))["columns"]
    files = {
        f"dags/{product}_daily.py": _renamed(_dag_text(repository), product),
        f"sql/athena/curated/{product}.ctas.sql": _ctas_text(product, columns),
        f"tests/glue_jobs/test_{product}.py": _test_text(product, columns),
    }
    own = f"glue_jobs.{product}.transforms.finish"
    if generated := [column["name"] for column in columns if column["generated_by"] == own]:
        files[f"glue_jobs/{product}/__init__.py"] = f'"""What only the product {product} does."""\n'
        files[f"glue_jobs/{product}/transforms.py"] = _transforms_text(product, columns, generated[0])
    taken = [path for path in files if (repository / path).exists()]
    if taken:
        raise ScaffoldError(f"{', '.join(taken)} exist(s) already: nothing was written")
    return files


def runbook_section(repository: Path, product: str) -> str:
    """Return the runbook's section for the new DAG; every DAG must have one.

    :param repository: the repository
    :param product: name of the new product
    """
    text = (repository / RUNBOOK).read_text()
    start = text.index("## online_retail_daily")
    table = text[start : text.index("\n### ", start)].rstrip()
    return f"\n{_renamed(table, product)}\n"


def left_to_do(product: str) -> str:
    """Return what the scaffold cannot decide, for the person at the keyboard.

    :param product: name of the new product
    """
    return (
        f"1. dags/contracts/{product}.odcs.yaml: describe columns, check what was guessed, write business rules and "
        "roles; make contracts\n"
        "2. make up: it deploys the product's crawler, too\n"
        f"3. deliver a day: .venv/local/bin/python -m local land {product} <day> <file.csv>\n"
        f"4. airflow dags test {product}_daily <day>\n"
    )


def _dag_text(repository: Path) -> str:
    return (repository / PATTERN_DAG).read_text().replace("delivered day of invoices", "delivered day")


def _renamed(text: str, product: str) -> str:
    return text.replace("online_retail", product)


def _ctas_text(product: str, columns: list[dict[str, Any]]) -> str:
    # Quoted, because a delivered column may be called "order" or "timestamp".
    names = ",\n    ".join(f'"{column["name"]}"' for column in columns if not column["partition"])
    keys = sorted((column for column in columns if column["primary_key_position"]), key=_key_position)
    return f"""\
-- curated.{product}, one version of one day. Task {product}_daily.convert_to_parquet.
-- Grain: {", ".join(column["name"] for column in keys)}. Values: helper_table, location, day, run_key.
CREATE TABLE "staging"."{{{{ task.sql_values.helper_table }}}}"
WITH (
    format = 'PARQUET',
    write_compression = 'SNAPPY',
    external_location = '{{{{ task.sql_values.location }}}}'
) AS
SELECT
    {names}
FROM "staging"."{product}"
WHERE
    ingest_date = '{{{{ task.sql_values.day }}}}'
    AND run_key = '{{{{ task.sql_values.run_key }}}}'
"""


def _key_position(column: dict[str, Any]) -> int:
    return int(column["primary_key_position"])


def _transforms_text(product: str, columns: list[dict[str, Any]], name: str) -> str:
    order = ",\n    ".join(f'"{column["name"]}"' for column in columns if column["source"] is not None)
    day = next(column["name"] for column in columns if column["partition"])
    return f'''\
"""What the contract of {product} cannot say in one expression per row. Pure: DataFrame in, DataFrame out."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

# Every delivered column takes part: rows that tie are equal, so their order does not matter.
_ROW_ORDER = (
    {order},
)


def finish(rows: DataFrame) -> DataFrame:
    """Add ``{name}``, the position of a row within its day, in the order of its values.

    :param rows: publishable rows with the columns of the contract
    """
    within_day = Window.partitionBy("{day}").orderBy(*_ROW_ORDER)
    return rows.withColumn("{name}", F.row_number().over(within_day))
'''


def _test_text(product: str, columns: list[dict[str, Any]]) -> str:
    sources = (column["source"] for column in columns if column["source"] is not None)
    header = "".join(f"    {json.dumps(name, ensure_ascii=False)},\n" for name in sources)
    return f'''\
"""A delivered day of {product}."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from glue_jobs.cleaning import load_contract, write_rows
from glue_jobs.generated import column_generator
from tests.glue_jobs.conftest import KEY, REPOSITORY, deliver, job_arguments

HEADER = [
{header}]


def test_row_without_values_is_quarantined_not_lost(spark: SparkSession, tmp_path: Path) -> None:
    contract = load_contract(str(REPOSITORY / "dags" / "contracts" / "{product}.json"))
    if not any(column.required and column.source for column in contract.columns):
        pytest.skip("the contract requires nothing yet")
    delimiter = contract.landing.delimiter
    header = delimiter.join(f'"{{name}}"' for name in HEADER)
    empty = delimiter * (len(HEADER) - 1)
    deliver(tmp_path / "source", {{"a.csv": f"{{header}}\\n{{empty}}\\n".encode()}})
    written = write_rows(spark, job_arguments(tmp_path), contract, column_generator(contract), KEY)
    assert (written.balance.landed, written.balance.published, written.balance.quarantined) == (1, 0, 1)
'''
