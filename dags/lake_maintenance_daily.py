"""
### lake_maintenance_daily
Removes what nobody needs any more: quarantined rows after the contract's retention, versions that are not shown.

- **Reads** the objects of `curated` and `quarantine`, and which version each partition shows
- **Writes** deletes quarantined rows that are older than `retentionDays` of their contract, and versions that no
  partition shows and that are older than `keep_days`; never anything that is shown
- **Re-run** as often as you like; with `dry_run` it only tells
- **If it fails** docs/runbook.md#lake_maintenance_daily
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, CronDataIntervalTimetable, Param, chain

from lake.contracts import products
from lake.defaults import DEFAULT_ARGS
from lake.operators.maintenance import ExpireQuarantineOperator, RemoveVersionsOperator
from lake.run_conf import refuse_unknown_conf
from lake.tags import Domain, Layer, Tier

ONLY_TELL = "{{ params.dry_run }}"

with DAG(
    dag_id="lake_maintenance_daily",
    schedule=CronDataIntervalTimetable("30 5 * * *", timezone="UTC"),
    start_date=pendulum.datetime(2010, 12, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=4,
    default_args=DEFAULT_ARGS,
    params={
        # A replay may wait for an answer for a week, and what it waits with is not shown yet.
        "keep_days": Param(30, type="integer", minimum=8, description="Days for which a version can be rolled back to"),
        "dry_run": Param(False, type="boolean", description="Only tell what would be removed"),
    },
    tags=[Layer.PLATFORM, Domain.PLATFORM, Tier.THREE],
    doc_md=__doc__,
):
    expire_quarantine = ExpireQuarantineOperator.partial(
        task_id="expire_quarantine", only_tell=ONLY_TELL, pre_execute=refuse_unknown_conf
    ).expand(product=products())
    remove_versions = RemoveVersionsOperator.partial(
        task_id="remove_versions", keep_days="{{ params.keep_days }}", only_tell=ONLY_TELL
    ).expand_kwargs([{"product": name, "zone": zone} for name in products() for zone in ("curated", "quarantine")])
    chain(expire_quarantine, remove_versions)
