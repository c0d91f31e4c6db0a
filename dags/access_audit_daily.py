"""
### access_audit_daily
Asks CloudTrail's log files of yesterday who read which table, what was refused, and who has come that was never seen
before. People are alerted to a sudden rise of refusals and to new principals.

- **Reads** CloudTrail's files of the day and the 30 days before it, in the bucket of the logs
- **Writes** tables `governance.cloudtrail` (over the files) and `governance.access_audit`, partition of the day; the
  page `access_audit_pages/<day>.html` in the governance bucket
- **Re-run** any day: it writes the same partition and page again
- **If it fails** docs/runbook.md#access_audit_daily
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG

from lake.defaults import ATHENA, DEFAULT_ARGS, SQL_ROOT
from lake.operators.access_audit import FindTrailOperator, PublishAuditOperator
from lake.operators.athena import AthenaStatementOperator
from lake.settings import LAKE
from lake.tags import Domain, Layer, Tier

# The day that is over when the run begins.
DAY = "{{ macros.ds_add(ds, -1) }}"
SQL_VALUES = {
    name: "{{ ti.xcom_pull(task_ids='find_trail')['" + name + "'] }}"
    for name in ("log_folder", "first_day", "last_day")
} | {"findings_folder": LAKE.uri("governance", "access_audit")}

with DAG(
    dag_id="access_audit_daily",
    schedule="0 4 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=4,
    default_args=DEFAULT_ARGS,
    template_searchpath=[SQL_ROOT],
    tags=[Layer.PLATFORM, Domain.PLATFORM, Tier.TWO],
    doc_md=__doc__,
):
    find_trail = FindTrailOperator(task_id="find_trail", day=DAY, bucket=LAKE.bucket("logs"))
    ensure_log_table = AthenaStatementOperator(
        task_id="ensure_log_table", query="athena/governance/cloudtrail.ddl.sql", sql_values=SQL_VALUES, **ATHENA
    )
    ensure_findings_table = AthenaStatementOperator(
        task_id="ensure_findings_table", query="athena/governance/access_audit.ddl.sql", sql_values=SQL_VALUES, **ATHENA
    )
    find_reads = AthenaStatementOperator(
        task_id="find_reads", query="athena/governance/table_reads.check.sql", sql_values=SQL_VALUES, **ATHENA
    )
    find_denied_calls = AthenaStatementOperator(
        task_id="find_denied_calls", query="athena/governance/denied_calls.check.sql", sql_values=SQL_VALUES, **ATHENA
    )
    find_new_principals = AthenaStatementOperator(
        task_id="find_new_principals",
        query="athena/governance/new_principals.check.sql",
        sql_values=SQL_VALUES,
        **ATHENA,
    )
    publish_audit = PublishAuditOperator(
        task_id="publish_audit",
        day=DAY,
        queries={
            "reads": "{{ ti.xcom_pull(task_ids='find_reads') }}",
            "denied": "{{ ti.xcom_pull(task_ids='find_denied_calls') }}",
            "newcomers": "{{ ti.xcom_pull(task_ids='find_new_principals') }}",
        },
        rows_uri=LAKE.uri("governance", "access_audit/day=" + DAY + "/findings.json"),
        page_uri=LAKE.uri("governance", "access_audit_pages/" + DAY + ".html"),
    )

    find_trail >> ensure_log_table >> ensure_findings_table
    ensure_findings_table >> [find_reads, find_denied_calls, find_new_principals] >> publish_audit
