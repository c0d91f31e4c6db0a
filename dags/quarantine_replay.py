"""
### quarantine_replay
Tests quarantined rows of a day again by the current contract, and publishes those that pass once somebody approves; or
rejects quarantined rows, whether they pass or not.

- **Reads** `quarantine.<product>` and `curated.<product>` of one day, and the contract as it is deployed
- **Writes** if approved: a new version of the day in `curated.<product>`, rows marked `replayed` in quarantine; if
  rejected: rows marked `rejected`, kept out of every later run; always `governance.ledger`, `governance.decisions`
- **Re-run** as often as you like: a decided replay is not repeated, one that was killed is finished by the next run
- **If it fails** docs/runbook.md#quarantine_replay. How to use it: docs/quarantine.md
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG

from lake.defaults import DEFAULT_ARGS, SQL_ROOT
from lake.operators.replay import REPLAY_PARAMS
from lake.replay_tasks import replay_quarantine
from lake.tags import Domain, Layer, Tier

with DAG(
    dag_id="quarantine_replay",
    schedule=None,
    start_date=pendulum.datetime(2010, 12, 1, tz="UTC"),
    catchup=False,
    max_active_runs=16,
    default_args=DEFAULT_ARGS,
    template_searchpath=[SQL_ROOT],
    params=REPLAY_PARAMS,
    tags=[Layer.CURATED, Domain.PLATFORM, Tier.TWO],
    doc_md=__doc__,
):
    # plan_replay >> ensure_tables >> revalidate_rows >> report_rows >> check_tables, register_staging >> evaluate_rules
    # >> judge_replay >> approve_rows >> convert_to_parquet >> publish_day >> publish_quarantine >> record_decision
    replay_quarantine()
