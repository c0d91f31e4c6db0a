"""What contracts compile to for other tools is accepted by those tools: Spark's schema and the expectation suite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from glue_jobs.suite import as_gx_adds_up
from tests.glue_jobs.conftest import REPOSITORY

CONTRACTS = REPOSITORY / "dags" / "contracts"
SAMPLES = {"boolean": "true", "date": "2020-01-01", "timestamp": "2020-01-01 00:00:00"}
FOLDERS = sorted((CONTRACTS / "generated").iterdir())


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_spark_reads_the_schema_as_the_contract_says(folder: Path, spark: SparkSession) -> None:
    schema = StructType.fromJson(_read(folder / "spark_schema.json"))
    frame = spark.createDataFrame([], schema)
    contracted = _read(CONTRACTS / f"{folder.name}.json")["columns"]
    assert frame.dtypes == [(column["name"], column["spark_type"]) for column in contracted]
    assert [field.nullable for field in schema.fields] == [not column["required"] for column in contracted]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_great_expectations_evaluates_every_rule_of_the_suite(folder: Path, spark: SparkSession) -> None:
    import great_expectations as gx

    document = _read(folder / "expectations.json")
    suite = gx.ExpectationSuite(name=document["name"], expectations=document["expectations"])
    assert len(suite.expectations) == len(document["expectations"])
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_spark(name="spark", persist=False).add_dataframe_asset(name="day")
    schema = StructType.fromJson(_read(folder / "spark_schema.json"))
    values = [
        F.lit(SAMPLES.get(field.dataType.typeName(), "1")).cast(field.dataType).alias(field.name) for field in schema
    ]
    row = as_gx_adds_up(spark.range(1).select(*values))
    batch = asset.add_batch_definition_whole_dataframe("day").get_batch(batch_parameters={"dataframe": row})
    answer = batch.validate(suite, result_format="BOOLEAN_ONLY").to_json_dict()
    results = {result["expectation_config"]["type"]: result for result in answer["results"]}
    raised = {name: found["exception_info"] for name, found in results.items() if _raised(found["exception_info"])}
    assert raised == {}
    for about_the_table in ("expect_table_columns_to_match_set", "expect_table_row_count_to_be_between"):
        assert results[about_the_table]["success"]


def _raised(info: dict[str, Any]) -> bool:
    """An expectation that failed while it was evaluated has one entry per metric instead of the plain flag."""
    return bool(info.get("raised_exception", True))
