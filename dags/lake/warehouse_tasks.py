"""The tasks that bring a published table into the warehouse, and prove that both hold the same."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.sdk import TaskGroup, TriggerRule, chain

from lake.contracts import Contract
from lake.defaults import ATHENA, REDSHIFT
from lake.operators.athena import AthenaStatementOperator
from lake.operators.redshift import RedshiftStatementOperator
from lake.operators.table_load import PlanTableLoadOperator
from lake.operators.warehouse_load import ReconcileOperator
from lake.operators.warehouse_table import EnsureWarehouseTableOperator
from lake.settings import LAKE

LOAD = "redshift/load/"
# One batch is one transaction: readers see a partition's old version or its new one.
STEPS = (
    *("stage.ddl", "stage.copy", "table.lock", "table.delete", "table.insert"),
    *("load_ledger.delete", "load_ledger.insert"),
)


@dataclass(frozen=True)
class Load:
    """The tasks that load one table.

    :param first: task that makes the schema
    :param last: task after which warehouse and lake are known to agree
    """

    first: RedshiftStatementOperator
    last: ReconcileOperator


def load_warehouse(terms: Contract, schema: str, *, newest_only: bool = False) -> Load:
    """Add the tasks that load every partition whose published version the warehouse does not hold.

    The DAG needs ``max_active_runs=1``: two runs would plan the same loads.

    :param terms: contract of the table
    :param schema: schema of the warehouse; the table is named after the product
    :param newest_only: the table holds whole snapshots, of which the warehouse keeps the newest
    """
    group = f"load_{terms.product}"
    table = {"schema": schema, "table": terms.product, "partition_column": terms.partition_column}
    planned = {
        name: "{{ ti.xcom_pull(task_ids='" + group + ".plan_load', key='" + name + "') }}"
        for name in ("days", "measures")
    }
    with TaskGroup(group):
        ensure_schema = RedshiftStatementOperator(
            task_id="ensure_schema",
            sql=[LOAD + "schema.ddl.sql", LOAD + "load_ledger.ddl.sql"],
            sql_values=table,
            # A table without a delivery today may still have to be loaded: an earlier run may have been stopped.
            trigger_rule=TriggerRule.NONE_FAILED,
            **REDSHIFT,
        )
        ensure_table = EnsureWarehouseTableOperator(
            task_id="ensure_table", product=terms.product, schema=schema, **REDSHIFT
        )
        read_load_ledger = RedshiftStatementOperator(
            task_id="read_load_ledger", sql=LOAD + "load_ledger.check.sql", sql_values=table, **REDSHIFT
        )
        plan_load = PlanTableLoadOperator(
            task_id="plan_load",
            product=terms.product,
            schema=schema,
            newest_only=newest_only,
            ledger_statement="{{ ti.xcom_pull(task_ids='" + group + ".read_load_ledger')[0] }}",
            folder=LAKE.uri("governance", f"loads/{schema}/{terms.product}/"),
        )
        load_partition = RedshiftStatementOperator.partial(
            task_id="load_partition",
            sql=[LOAD + step + ".sql" for step in STEPS],
            statement_name="load_{{ task.sql_values.table }}_{{ task.sql_values.day }}_{{ task.sql_values.version }}",
            **REDSHIFT,
        ).expand(sql_values=plan_load.output)
        count_lake = AthenaStatementOperator(
            task_id="count_lake",
            query="athena/load/table.check.sql",
            sql_values={**table, **planned, "database": terms.databases["curated"]},
            # Also when there was nothing to load, but not when nothing was ever published.
            trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
            **ATHENA,
        )
        count_warehouse = RedshiftStatementOperator(
            task_id="count_warehouse", sql=LOAD + "table.check.sql", sql_values={**table, **planned}, **REDSHIFT
        )
        check_load = ReconcileOperator(
            task_id="check_load",
            lake_query="{{ ti.xcom_pull(task_ids='" + group + ".count_lake') }}",
            warehouse_statement="{{ ti.xcom_pull(task_ids='" + group + ".count_warehouse')[0] }}",
            remedy=f"Delete these days of {terms.product} from {schema}.load_ledger and run again: it loads them anew.",
        )
    chain(ensure_schema, ensure_table, read_load_ledger, plan_load, load_partition)
    chain(load_partition, count_lake, count_warehouse, check_load)
    plan_load >> count_lake
    return Load(ensure_schema, check_load)
