"""
### lake_permissions_daily
Makes Lake Formation what contracts and the platform's policy declare, and shows who sees what. Rights are added at
once; they are taken away after a person has agreed (task *approve_removals*, or `approved_by` when a run is started).

- **Reads** `dags/contracts/` (contracts and `platform.policy.yaml`), all grants, LF-tags, filters and locations
- **Writes** grants, LF-tags and data cells filters; `permissions/plans/`, `permissions/receipts/` and the page
  `permissions/who_sees_what.html` in the governance bucket
- **Re-run** at any time: a second run finds nothing to do
- **If it fails** docs/runbook.md#lake_permissions_daily
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Param, TriggerRule

from lake.defaults import DEFAULT_ARGS
from lake.operators.access_tests import LakeFormationAccessTestOperator
from lake.operators.approvals import RouteRemovalsOperator
from lake.operators.lake_drift import LakeFormationDriftOperator, PublishAccessPageOperator
from lake.operators.lake_permissions import LakeFormationApplyOperator, LakeFormationPlanOperator
from lake.run_conf import refuse_unknown_conf
from lake.settings import LAKE
from lake.tags import Domain, Layer, Tier

PLAN = "ti.xcom_pull(task_ids='plan_permissions')"
ANSWER = "ti.xcom_pull(task_ids='approve_removals')"
PLANNED = {
    "plan_uri": LAKE.uri("governance", "permissions/plans/{{ ds }}/{{ ts_nodash }}.json"),
    "plan_digest": "{{ " + PLAN + "['digest'] }}",
}

with DAG(
    dag_id="lake_permissions_daily",
    schedule="30 6 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=[Layer.PLATFORM, Domain.PLATFORM, Tier.TWO],
    params={
        "approved_by": Param(
            None, type=["null", "string"], maxLength=80, description="Who agrees to removals; empty: ask"
        ),
        "close_to_iam": Param(False, type="boolean", description="Take IAM_ALLOWED_PRINCIPALS its rights"),
        "max_revokes": Param(50, type="integer", minimum=0, maximum=1000, description="More removals are refused"),
    },
    doc_md=__doc__,
):
    plan_permissions = LakeFormationPlanOperator(
        task_id="plan_permissions",
        output_uri=PLANNED["plan_uri"],
        close_to_iam="{{ params.close_to_iam }}",
        pre_execute=refuse_unknown_conf,
    )
    apply_additions = LakeFormationApplyOperator(task_id="apply_additions", additions_only=True, **PLANNED)
    route_removals = RouteRemovalsOperator(
        task_id="route_removals",
        removals="{{ " + PLAN + "['destructive'] }}",
        approved_by="{{ params.approved_by or '' }}",
        nothing="publish_access_page",
        approved="apply_removals",
        ask="approve_removals",
    )
    # Nobody answers: everybody keeps what they have, and the next day's run asks again.
    approve_removals = ApprovalOperator(
        task_id="approve_removals",
        subject="Lake Formation: {{ " + PLAN + "['destructive'] }} rights would be taken away",
        body="- {{ " + PLAN + "['removals'] | join('\n- ') }}",
        defaults="Reject",
        response_timeout=timedelta(hours=20),
    )
    apply_removals = LakeFormationApplyOperator(
        task_id="apply_removals",
        allow_destructive=True,
        max_revokes="{{ params.max_revokes }}",
        approved_by="{{ params.approved_by or " + ANSWER + "['responded_by_user']['name'] }}",
        receipt_uri=LAKE.uri("governance", "permissions/receipts/{{ ds }}/{{ ts_nodash }}.json"),
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        **PLANNED,
    )
    # Rejected removals are skipped tasks: the page and the checks follow all the same.
    publish_access_page = PublishAccessPageOperator(
        task_id="publish_access_page",
        page_uri=LAKE.uri("governance", "permissions/who_sees_what.html"),
        day="{{ ds }}",
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    test_access = LakeFormationAccessTestOperator(task_id="test_access")
    check_drift = LakeFormationDriftOperator(task_id="check_drift", severity="warn")

    plan_permissions >> apply_additions >> route_removals >> [approve_removals, apply_removals, publish_access_page]
    # Two views of what is: when one of them fails, the other is needed all the more.
    approve_removals >> apply_removals >> publish_access_page >> [test_access, check_drift]
