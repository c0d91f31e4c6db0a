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
        f"dags/{product}_daily.py": _dag_text((repository / PATTERN_DAG).read_text(), product),
        f"sql/athena/curated/{product}.ctas.sql": _ctas_text(product, columns),
        f"glue_jobs/{product}/__init__.py": f'"""Glue job of the product {product}."""\n',
        f"glue_jobs/{product}/transforms.py": _transforms_text(product, columns),
        f"glue_jobs/{product}/clean_{product}.py": _job_text(product),
        f"tests/glue_jobs/test_{product}.py": _test_text(product, columns),
    }
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
    dashed = product.replace("_", "-")
    camel = "".join(word.capitalize() for word in product.split("_"))
    notes = [f"1. dags/contracts/{product}.odcs.yaml: describe columns, write business rules and roles; make contracts"]
    personal = [column.name for column in columns if column.looks_personal]
    if personal:
        notes.append(f"   {', '.join(personal)} look(s) like personal data and will be masked: check tags and masking")
    if key_column(columns) is None:
        notes.append(
            "   no single column of the sample identifies a row: row_no is generated, or mark several key columns"
        )
    notes.append("2. mwaa/cloudformation/lake.yaml: a crawler and a job, beside those of online_retail:")
    notes.append(
        f"     Landing{camel}Crawler: copy LandingOnlineRetailCrawler; Name ...-landing-{dashed}, "
        f"Path s3://.../{product}/\n"
        f"     Clean{camel}Job: copy CleanInvoicesJob; Name ...-clean-{dashed}, "
        f"ScriptLocation .../glue_jobs/{product}/clean_{product}.py\n"
        f"     and the job's ARN in the policy statement RunJob of the airflow role"
    )
    notes.append(f"3. make up; deliver a day to s3://<landing>/{product}/ingest_date=<day>/ with _SUCCESS at the end")
    notes.append(f"4. airflow dags test {product}_daily <day>")
    return "\n".join(notes) + "\n"


def _dag_text(pattern: str, product: str) -> str:
    """Return the DAG file of online_retail with the names of another product."""
    imported = "from lake.assets import CURATED_ONLINE_RETAIL\n"
    text = _replaced(pattern, imported, "")
    text = _replaced(text, "from airflow.sdk import DAG, ", "from airflow.sdk import DAG, Asset, ")
    asset = f'CURATED = Asset(name="curated.{product}", uri=LAKE.uri("curated", "{product}/"))\n'
    text = _replaced(text, 'CONTRACT = contract("online_retail")\n', f'CONTRACT = contract("{product}")\n{asset}')
    text = _replaced(text, "outlets=[CURATED_ONLINE_RETAIL]", "outlets=[CURATED]")
    text = _replaced(text, "delivered day of invoices", "delivered day")
    return _renamed(text, product)


def _renamed(text: str, product: str) -> str:
    dashed = product.replace("_", "-")
    for old, new in (
        ("clean-invoices", f"clean-{dashed}"),
        ("clean_invoices", f"clean_{product}"),
        ("landing-online-retail", f"landing-{dashed}"),
        ("online_retail", product),
    ):
        text = text.replace(old, new)
    return text


def _replaced(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ScaffoldError(f"{PATTERN_DAG} no longer holds {old.strip()!r}: adapt local/scaffold/product.py to it")
    return text.replace(old, new)


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
    if key_column(columns):
        return f'''\
"""What the contract of {product} cannot say in one expression per row. Pure: DataFrame in, DataFrame out."""

from __future__ import annotations

from pyspark.sql import DataFrame


def finish(rows: DataFrame) -> DataFrame:
    """Add the generated columns of the contract: there are none.

    :param rows: publishable rows with the columns of the contract
    """
    return rows
'''
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


def _job_text(product: str) -> str:
    return f'''\
"""Glue job ``clean-{product.replace("_", "-")}``: one delivered day -> published rows, quarantine and a report.

README.md of glue_jobs says what each argument names.
"""

from __future__ import annotations

import sys

from glue_jobs.arguments import parse_arguments
from glue_jobs.cleaning import clean_day
from glue_jobs.{product}.transforms import finish
from glue_jobs.session import cleaning_session


def main(argv: list[str]) -> None:
    """Run the job.

    :param argv: arguments without the script's name
    """
    arguments = parse_arguments(argv)
    with cleaning_session() as spark:
        clean_day(spark, arguments, finish)


if __name__ == "__main__":
    main(sys.argv[1:])
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
from glue_jobs.{product}.transforms import finish
from tests.glue_jobs.conftest import KEY, REPOSITORY, deliver, job_arguments

HEADER = "{header}"


def test_row_without_values_is_quarantined_not_lost(spark: SparkSession, tmp_path: Path) -> None:
    contract = load_contract(str(REPOSITORY / "dags" / "contracts" / "{product}.json"))
    if not any(column.required and column.source for column in contract.columns):
        pytest.skip("the contract requires nothing yet")
    deliver(tmp_path / "source", {{"a.csv": f"{{HEADER}}\\n{{',' * HEADER.count(',')}}\\n".encode()}})
    written = write_rows(spark, job_arguments(tmp_path), contract, finish, KEY)
    assert (written.balance.landed, written.balance.published, written.balance.quarantined) == (1, 0, 1)
'''
