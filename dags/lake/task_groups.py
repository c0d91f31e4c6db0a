"""The tasks every data product has, in their order: from the files of a day to a partition that readers see."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta

from airflow.sdk import BaseOperator, TaskGroup, TriggerRule, chain

from lake.assets import curated
from lake.catalog import HISTORY_COLUMNS
from lake.contracts import Contract
from lake.contracts.dqdl import ENGINE as DATA_QUALITY
from lake.defaults import ATHENA, watched
from lake.operators.athena import ConvertToParquetOperator
from lake.operators.data_quality import EvaluateRulesOperator
from lake.operators.glue_job import GlueJobOncePerKeyOperator
from lake.operators.lake_formation import LakeFormationSyncOperator
from lake.operators.landing import CrawlLandingOperator, LandingSensor
from lake.operators.partitions import PublishPartitionOperator, RegisterPartitionOperator
from lake.operators.quality import KEY_VERSION_XCOM, JudgeQualityOperator
from lake.operators.schema import CheckSchemaOperator, EnsureTablesOperator
from lake.operators.table_checks import CheckTablesOperator
from lake.run_paths import RunPaths
from lake.settings import LAKE


@dataclass(frozen=True)
class Publication:
    """The tasks that publish one day of one table.

    :param first: task that waits for the delivery; what must happen before goes upstream of it
    :param last: task after which readers see the day with its permissions
    """

    first: LandingSensor
    last: LakeFormationSyncOperator


def publish_day(
    terms: Contract,
    *,
    grouped: bool = False,
    patience: timedelta = timedelta(hours=6),
    first_trigger_rule: TriggerRule = TriggerRule.ALL_SUCCESS,
) -> Publication:
    """Add the tasks that bring one delivered day of a table to its readers.

    The day is the run's ``ds``. The SQL of the conversion is ``sql/athena/curated/<product>.ctas.sql``.

    :param terms: contract of the table
    :param grouped: put the tasks into a group named after the table, for DAGs of several tables
    :param patience: how long after the end of the data interval the delivery may still come
    :param first_trigger_rule: when waiting for the delivery begins; NONE_FAILED lets a table begin although one that it
        refers to had no delivery today
    """
    prefix = f"{terms.product}." if grouped else ""
    run_key = "{{ ti.xcom_pull(task_ids='" + prefix + "check_schema', key='run_key') }}"
    rows = "{{ ti.xcom_pull(task_ids='" + prefix + "judge_quality')['published'] }}"
    run = RunPaths(terms, day="{{ ds }}", run_key=run_key)
    key_version = "{{ ti.xcom_pull(task_ids='" + prefix + "judge_quality', key='" + KEY_VERSION_XCOM + "') }}"
    helper_table = terms.product + "_{{ ds_nodash }}_" + run_key

    with TaskGroup(terms.product) if grouped else nullcontext():
        await_landing = LandingSensor(
            task_id="await_landing",
            folder=run.landing,
            patience=patience,
            poke_interval=LAKE.poll_seconds,
            deferrable=True,
            trigger_rule=first_trigger_rule,
        )
        crawl_landing = CrawlLandingOperator(
            task_id="crawl_landing",
            crawler_name=LAKE.name("landing-" + terms.product.replace("_", "-")),
            poll_interval=LAKE.poll_seconds,  # type: ignore[arg-type]  # a fraction does as well
            deferrable=True,
        )
        check_schema = CheckSchemaOperator(
            task_id="check_schema", product=terms.product, folder=run.landing, rejections=run.rejections
        )
        ensure_tables = EnsureTablesOperator(task_id="ensure_tables", product=terms.product)
        clean_rows = GlueJobOncePerKeyOperator(
            task_id="clean_rows",
            job_name=LAKE.name("clean-product"),
            run_key=run_key,
            result=run.result,
            script_args=run.job_arguments,
            **watched(),
        )
        publish_quarantine = PublishPartitionOperator(
            task_id="publish_quarantine",
            database=terms.databases["quarantine"],
            table=terms.product,
            value="{{ ds }}",
            location=run.quarantine,
            version=run_key,
        )
        check_tables = CheckTablesOperator(
            task_id="check_tables", product=terms.product, day="{{ ds }}", run_key=run_key, **ATHENA
        )
        evaluation = _evaluation(terms, run) if DATA_QUALITY in terms.quality_engines else []
        judge_quality = JudgeQualityOperator(
            task_id="judge_quality",
            product=terms.product,
            result=run.result,
            run_key=run_key,
            data_docs=run.data_docs,
            table_checks="{{ ti.xcom_pull(task_ids='" + prefix + "check_tables') | tojson }}",
            evaluation_run="{{ ti.xcom_pull(task_ids='" + prefix + "evaluate_rules') }}" if evaluation else "",
            history={name: run.quality_history(name) for name in HISTORY_COLUMNS},
            accepted_percent="{{ params.accepted_quarantine_percent }}",
        )
        convert_to_parquet = ConvertToParquetOperator(
            task_id="convert_to_parquet",
            query=f"athena/curated/{terms.product}.ctas.sql",
            sql_values={"day": "{{ ds }}", "run_key": run_key, "location": run.curated, "helper_table": helper_table},
            helper_database=terms.databases["staging"],
            published=(terms.databases["curated"], terms.product, "{{ ds }}"),
            expected_rows=rows,
            **ATHENA,
        )
        publish_day = PublishPartitionOperator(
            task_id="publish_day",
            database=terms.databases["curated"],
            table=terms.product,
            value="{{ ds }}",
            location=run.curated,
            version=run_key,
            rows=rows,
            key_version=key_version,
            helper_table=(terms.databases["staging"], helper_table),
            outlets=[curated(terms)],
        )
        sync_permissions = LakeFormationSyncOperator(task_id="sync_permissions", product=terms.product)

    chain(await_landing, crawl_landing, check_schema, ensure_tables, clean_rows, publish_quarantine)
    chain(publish_quarantine, check_tables, judge_quality)
    if evaluation:
        chain(publish_quarantine, *evaluation, judge_quality)
    chain(judge_quality, convert_to_parquet, publish_day, sync_permissions)
    return Publication(await_landing, sync_permissions)


def _evaluation(terms: Contract, run: RunPaths) -> list[BaseOperator]:
    """Add the tasks that let Glue Data Quality evaluate the run's rows, in their order."""
    register_staging = RegisterPartitionOperator(
        task_id="register_staging",
        database=terms.databases["staging"],
        table=terms.product,
        values=[run.day, run.run_key],
        location=run.staging,
    )
    evaluate_rules = EvaluateRulesOperator(
        task_id="evaluate_rules",
        product=terms.product,
        day=run.day,
        run_key=run.run_key,
        role=LAKE.name("glue"),
        **watched(),
    )
    return [register_staging, evaluate_rules]
