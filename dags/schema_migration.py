"""
### schema_migration
Lets a published table begin anew when its contract has changed in a way that the table cannot follow.

- **Reads** the contract as it is deployed and the product's tables in the Glue catalog
- **Writes** once somebody approves: `curated.<product>_v<old major version>` with all published days, and an empty
  `curated.<product>` as the contract says. No file is moved or deleted
- **Re-run** as often as you like: without a breaking difference the run is skipped, a killed one is finished
- **If it fails** docs/runbook.md#schema_migration
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, Param, chain

from lake.contracts import products
from lake.defaults import DEFAULT_ARGS
from lake.operators.approval import APPROVED_BY, ApproveOperator
from lake.operators.lake_formation import LakeFormationSyncOperator
from lake.operators.migration import PlanMigrationOperator, SetTableAsideOperator
from lake.run_conf import refuse_unknown_conf
from lake.tags import Domain, Layer, Tier

PRODUCT = "{{ params.product }}"
PLAN = "ti.xcom_pull(task_ids='plan_migration'"

with DAG(
    dag_id="schema_migration",
    schedule=None,
    start_date=pendulum.datetime(2010, 12, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={
        "product": Param(type="string", enum=products(), description="Whose table begins anew."),
        **APPROVED_BY,
    },
    tags=[Layer.CURATED, Domain.PLATFORM, Tier.TWO],
    doc_md=__doc__,
):
    plan_migration = PlanMigrationOperator(task_id="plan_migration", product=PRODUCT, pre_execute=refuse_unknown_conf)
    approve_migration = ApproveOperator(
        task_id="approve_migration",
        subject=f"Set curated.{PRODUCT} aside and begin it anew?",
        body="{{ " + PLAN + ", key='note') }}",
        response_timeout=timedelta(days=7),
    )
    set_table_aside = SetTableAsideOperator(
        task_id="set_table_aside", product=PRODUCT, kept="{{ " + PLAN + ")['kept'] }}"
    )
    sync_permissions = LakeFormationSyncOperator(
        # Columns that are gone take their grants with them; that was approved.
        task_id="sync_permissions",
        product=PRODUCT,
        allow_destructive=True,
    )
    chain(plan_migration, approve_migration, set_table_aside, sync_permissions)
