"""The files of a new product. The DAG file is that of online_retail with other names: one pattern, in one place."""

from __future__ import annotations

import re
from pathlib import Path

from local.scaffold.contract_text import contract_text, partition_column, published_columns
from local.scaffold.sample import SampleColumn, key_column

PATTERN_DAG = "dags/online_retail_daily.py"
RUNBOOK = "docs/runbook.md"
_PRODUCT_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")


class ScaffoldError(Exception):
    """The product cannot be started; the message says why."""


def product_files(repository: Path, product: str, columns: list[SampleColumn], owner: str) -> dict[str, str]:
    """Return the text of each new file by its path in the repository.

    :param repository: the repository, whose online_retail is the pattern
    :param product: name of the new product
    :param columns: delivered columns
    :param owner: team that answers for the product
    :raises ScaffoldError: if the name cannot be used or a file exists already
    """
    if not _PRODUCT_NAME.fullmatch(product):
        raise ScaffoldError(f"{product!r} cannot name a product: use lower-case letters, digits and underscores")
    files = {
        f"dags/contracts/{product}.odcs.yaml": contract_text(product, columns, owner),
        f"dags/{product}_daily.py": _renamed(_dag_text(repository), product),
        f"sql/athena/curated/{product}.ctas.sql": _ctas_text(product, columns),
        f"tests/glue_jobs/test_{product}.py": _test_text(product, columns),
    }
    if key_column(columns) is None:
        files[f"glue_jobs/{product}/__init__.py"] = f'"""What only the product {product} does."""\n'
        files[f"glue_jobs/{product}/transforms.py"] = _transforms_text(product, columns)
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


def left_to_do(product: str, columns: list[SampleColumn]) -> str:
    """Return what the scaffold cannot decide, for the person at the keyboard.

    :param product: name of the new product
    :param columns: delivered columns
    """
    notes = [f"1. dags/contracts/{product}.odcs.yaml: describe columns, write business rules and roles; make contracts"]
    personal = [column.name for column in columns if column.looks_personal]
    if personal:
        notes.append(f"   {', '.join(personal)} look(s) like personal data and will be masked: check tags and masking")
    if key_column(columns) is None:
        notes.append(
            "   no single column of the sample identifies a row: row_no is generated, or mark several key columns"
        )
    notes.append("2. make up: it deploys the product's crawler, too")
    notes.append(f"3. deliver a day: .venv/local/bin/python -m local land {product} <day> <file.csv>")
    notes.append(f"4. airflow dags test {product}_daily <day>")
    return "\n".join(notes) + "\n"


def _dag_text(repository: Path) -> str:
    return (repository / PATTERN_DAG).read_text().replace("delivered day of invoices", "delivered day")


def _renamed(text: str, product: str) -> str:
    return text.replace("online_retail", product)


def _ctas_text(product: str, columns: list[SampleColumn]) -> str:
    names = ",\n    ".join(published_columns(columns))
    key = key_column(columns)
    return f"""\
-- curated.{product}, one version of one day. Task {product}_daily.convert_to_parquet.
-- Grain: {key.name if key else "row_no within the day"}. Values: helper_table, location, day, run_key.
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


def _transforms_text(product: str, columns: list[SampleColumn]) -> str:
    order = ",\n    ".join(f'"{column.name}"' for column in columns)
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
    """Add ``row_no``, the position of a row within its day, in the order of its values.

    :param rows: publishable rows with the columns of the contract
    """
    within_day = Window.partitionBy("{partition_column(columns)}").orderBy(*_ROW_ORDER)
    return rows.withColumn("row_no", F.row_number().over(within_day))
'''


def _test_text(product: str, columns: list[SampleColumn]) -> str:
    header = ",".join(column.header for column in columns)
    return f'''\
"""A delivered day of {product}."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from glue_jobs.cleaning import load_contract, write_rows
from glue_jobs.generated import column_generator
from tests.glue_jobs.conftest import KEY, REPOSITORY, deliver, job_arguments

HEADER = "{header}"


def test_row_without_values_is_quarantined_not_lost(spark: SparkSession, tmp_path: Path) -> None:
    contract = load_contract(str(REPOSITORY / "dags" / "contracts" / "{product}.json"))
    if not any(column.required and column.source for column in contract.columns):
        pytest.skip("the contract requires nothing yet")
    deliver(tmp_path / "source", {{"a.csv": f"{{HEADER}}\\n{{',' * HEADER.count(',')}}\\n".encode()}})
    written = write_rows(spark, job_arguments(tmp_path), contract, column_generator(contract), KEY)
    assert (written.balance.landed, written.balance.published, written.balance.quarantined) == (1, 0, 1)
'''
