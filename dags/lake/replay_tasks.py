"""The tasks of a replay, in their order: from quarantined rows to a decision, and to what follows from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import AssetAlias, TriggerRule, chain

from lake.defaults import ATHENA, watched
from lake.operators.athena import ConvertToParquetOperator
from lake.operators.data_quality import EvaluateRulesOperator
from lake.operators.decisions import ApproveRowsOperator, PublishReplayOperator, RecordDecisionOperator
from lake.operators.glue_job import GlueJobOncePerKeyOperator
from lake.operators.partitions import PublishPartitionOperator, RegisterPartitionOperator
from lake.operators.quality import KEY_VERSION_XCOM
from lake.operators.replay import JudgeReplayOperator, PlanReplayOperator, ReportRowsOperator
from lake.operators.schema import EnsureTablesOperator
from lake.operators.table_checks import CheckTablesOperator
from lake.replay import by_verdict, job_arguments, partition_parameters, planned, rejecting
from lake.run_conf import refuse_unknown_conf
from lake.settings import LAKE

PATIENCE = timedelta(days=7)  # how long the question to a person is open


def replay_quarantine() -> None:
    """Add the tasks that replay the product, day and rule which the run's parameters name.

    The product is known at run time only: everything about it comes from plan_replay.
    """
    product, day, key = "{{ params.product }}", planned("day"), planned("run_key")
    results = {"result": planned("result"), "base_result": planned("base_result")}
    rows = "{{ ti.xcom_pull(task_ids='judge_replay')['published'] }}"
    partition: dict[str, Any] = {"table": product, "value": day, "parameters": partition_parameters()}

    plan_replay = PlanReplayOperator(
        task_id="plan_replay",
        pre_execute=refuse_unknown_conf,
        product=product,
        day="{{ params.day }}",
        rule="{{ params.rule }}",
    )
    ensure_tables = EnsureTablesOperator(task_id="ensure_tables", product=product)
    revalidate_rows = GlueJobOncePerKeyOperator(
        task_id="revalidate_rows",
        job_name=LAKE.name("replay-quarantine"),
        run_key=key,
        result=planned("result"),
        script_args=job_arguments(),
        **watched(),
    )
    report_rows = ReportRowsOperator(task_id="report_rows", judge="judge_replay", rejecting=rejecting(), **results)
    check_tables = CheckTablesOperator(task_id="check_tables", product=product, day=day, run_key=key, **ATHENA)
    register_staging = RegisterPartitionOperator(
        task_id="register_staging",
        database=planned("staging"),
        table=product,
        values=[day, key],
        location=planned("staging_folder"),
    )
    evaluate_rules = EvaluateRulesOperator(
        task_id="evaluate_rules", product=product, day=day, run_key=key, role=LAKE.name("glue"), **watched()
    )
    judge_replay = JudgeReplayOperator(
        task_id="judge_replay",
        product=product,
        table_checks="{{ ti.xcom_pull(task_ids='check_tables') | tojson }}",
        evaluation_run="{{ ti.xcom_pull(task_ids='evaluate_rules') }}",
        only_tell="{{ params.dry_run }}",
        finishing="{{ ti.xcom_pull(task_ids='plan_replay')['decided'] is not none }}",
        rejecting=rejecting(),
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        **results,
    )
    approve_rows = ApproveRowsOperator(
        task_id="approve_rows",
        subject=f"Publish quarantined rows of {product} {{{{ params.day }}}}?",
        body="{{ ti.xcom_pull(task_ids='judge_replay', key='note') }}",
        made_before="{{ ti.xcom_pull(task_ids='plan_replay')['decided'] | tojson }}",
        response_timeout=PATIENCE,
    )
    # A rejection skips what publishes rows; the quarantine and the books follow either way.
    convert_to_parquet = ConvertToParquetOperator(
        task_id="convert_to_parquet",
        query="{% include 'athena/curated/' ~ params.product ~ '.ctas.sql' %}",
        sql_values={name: planned(name) for name in ("day", "run_key", "location", "helper_table")},
        helper_database=planned("staging"),
        published=(planned("curated"), product, day),
        expected_rows=rows,
        **ATHENA,
    )
    publish_day = PublishReplayOperator(
        task_id="publish_day",
        product=product,
        database=planned("curated"),
        location=planned("location"),
        version=key,
        rows=rows,
        key_version="{{ ti.xcom_pull(task_ids='judge_replay', key='" + KEY_VERSION_XCOM + "') }}",
        replaces=planned("base_location"),
        helper_table=(planned("staging"), planned("helper_table")),
        # Which asset it is, is known at run time only.
        outlets=[AssetAlias("quarantine_replay")],
        **partition,
    )
    publish_quarantine = PublishPartitionOperator(
        task_id="publish_quarantine",
        database=planned("quarantine"),
        location=by_verdict("approved_quarantine", "rejected_quarantine"),
        version=by_verdict("run_key", "base_version"),
        replaces=planned("base_quarantine"),
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        **partition,
    )
    record_decision = RecordDecisionOperator(
        task_id="record_decision",
        product=product,
        day=day,
        run_key=key,
        base_version=planned("base_version"),
        decision="{{ ti.xcom_pull(task_ids='approve_rows', key='decision') | tojson }}",
        checks="{{ ti.xcom_pull(task_ids='judge_replay', key='checks') | tojson }}",
    )
    chain(plan_replay, ensure_tables, revalidate_rows, report_rows)
    # A run that rejects skips the checks: it publishes nothing.
    report_rows >> judge_replay
    chain(report_rows, [check_tables, register_staging])
    chain(register_staging, evaluate_rules)
    chain([check_tables, evaluate_rules], judge_replay, approve_rows)
    chain(approve_rows, convert_to_parquet, publish_day, publish_quarantine, record_decision)
    judge_replay >> publish_quarantine
