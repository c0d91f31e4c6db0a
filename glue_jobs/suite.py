"""The contract's table rules as a Great Expectations suite on the published rows, with Data Docs.

Great Expectations takes seconds to import, so the job starts that in a thread while Spark works.
"""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.contracts import Contract, Rule
from glue_jobs.storage import upload_folder

if TYPE_CHECKING:
    from great_expectations.data_context import EphemeralDataContext

SITE = "data_docs"
# The pages bring their styles with them; of 4 MB of fonts and pictures beside them they name an icon.
DOCS_FILES = "*.html"
# Exact counts without examples: half the Spark jobs of SUMMARY, and no values in documents that many may read.
# Bad rows are in quarantine, with their reasons.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


@dataclass(frozen=True)
class Check:
    """The outcome of one rule on the day as a whole.

    :param id: rule id
    :param name: the rule in words
    :param severity: info, warning or error
    :param dimension: quality dimension
    :param success: True when it holds; False also when it could not be evaluated
    :param observed: what was found, in words
    :param expected: what the rule demands, in words
    """

    id: str
    name: str
    severity: str
    dimension: str
    success: bool
    observed: str
    expected: str


@dataclass(frozen=True)
class SuiteResult:
    """Result of a suite.

    :param checks: one per table rule
    :param statistics: evaluated, successful, unsuccessful expectations and success percent
    :param docs_uri: start page of the Data Docs, None when Great Expectations did not run
    """

    checks: list[Check]
    statistics: dict[str, Any]
    docs_uri: str | None


# For contracts whose table rules are evaluated by Glue Data Quality, after this job.
NO_SUITE = SuiteResult(checks=[], statistics={}, docs_uri=None)


def import_in_background() -> threading.Thread:
    """Start importing Great Expectations; :func:`run_suite` waits for it."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    thread = threading.Thread(target=__import__, args=("great_expectations",), daemon=True)
    thread.start()
    return thread


def run_suite(rows: DataFrame, contract: Contract, batch_name: str, docs_folder: str) -> SuiteResult:
    """Evaluate the suite and publish its Data Docs.

    :param rows: published rows: each expectation reads its columns
    :param contract: the compiled contract
    :param batch_name: name of the day in the docs
    :param docs_folder: folder for the Data Docs
    """
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_spark(name=contract.product, persist=False)
    batch = source.add_dataframe_asset(name=batch_name).add_batch_definition_whole_dataframe("day")
    suite = context.suites.add(gx.ExpectationSuite(name=contract.product, expectations=_expectations(contract)))
    validation = context.validation_definitions.add(
        gx.ValidationDefinition(name=f"{contract.product}_{batch_name}", data=batch, suite=suite)
    )
    with tempfile.TemporaryDirectory() as folder:
        _add_docs_site(context, Path(folder))
        action = gx.checkpoint.UpdateDataDocsAction(name="write_data_docs", site_names=[SITE])
        checkpoint = gx.Checkpoint(
            name=contract.product, validation_definitions=[validation], actions=[action], result_format=RESULT_FORMAT
        )
        outcome = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": as_gx_adds_up(rows)})
        upload_folder(Path(folder), docs_folder, DOCS_FILES)
    result = next(iter(outcome.run_results.values())).to_json_dict()
    by_id = {entry["expectation_config"]["meta"]["rule"]: entry for entry in result["results"]}
    checks = [_check(rule, by_id[rule.id]) for rule in contract.table_rules]
    return SuiteResult(checks, result["statistics"], f"{docs_folder}index.html")


def as_gx_adds_up(rows: DataFrame) -> DataFrame:
    """Return the rows as Great Expectations can add them up: 1.24 has no mean of a smallint ("Expected numeric")."""
    columns = [F.col(name).cast("int").alias(name) if kind == "smallint" else F.col(name) for name, kind in rows.dtypes]
    return rows.select(*columns)


def _expectations(contract: Contract) -> list[Any]:
    from great_expectations.expectations.registry import get_expectation_impl

    expectations = []
    for rule in contract.table_rules:
        wanted = rule.expectation or {}
        implementation = get_expectation_impl(wanted["type"])
        meta = {"rule": rule.id, "dimension": rule.dimension}
        notes = {"notes": {"format": "string", "content": [rule.name]}}
        expectation = implementation(**wanted["kwargs"], severity=wanted["severity"], meta={**meta, **notes})
        expectations.append(expectation)
    return expectations


def _add_docs_site(context: EphemeralDataContext, folder: Path) -> None:
    # Only the file store is left in Great Expectations 1.24; the files are uploaded afterwards.
    config = {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }
    context.add_data_docs_site(site_name=SITE, site_config=config)


def _check(rule: Rule, entry: dict[str, Any]) -> Check:
    return Check(
        id=rule.id,
        name=rule.name,
        severity=rule.severity,
        dimension=rule.dimension,
        success=bool(entry["success"]),
        observed=_observed(entry),
        expected=_expected(rule),
    )


def _observed(entry: dict[str, Any]) -> str:
    error = (entry.get("exception_info") or {}).get("exception_message")
    if error:
        return f"not evaluated: {' '.join(str(error).split())[:300]}"
    result = entry.get("result", {})
    if "unexpected_count" in result:
        return f"{result['unexpected_count']} of {result.get('element_count', 0)} rows break it"
    value = result.get("observed_value")
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 300 else f"{text[:300]}..."


def _expected(rule: Rule) -> str:
    kwargs = (rule.expectation or {}).get("kwargs", {})
    words = [f"{name} {value}" for name, value in kwargs.items() if name not in ("column", "column_set", "exact_match")]
    return f"{rule.name} ({', '.join(words)})" if words else rule.name
