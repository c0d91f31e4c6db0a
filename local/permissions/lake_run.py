"""One run of everything that the lake does, recorded: two deliveries of a day, the day after, the marts, permissions
that have drifted, quarantined rows that are replayed, a day of each product of several tables, and people who query.
"""

from __future__ import annotations

import csv
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from local import landing
from local.clients import service_client
from local.cloudtrail import delivery as cloudtrail
from local.cloudtrail.sample import sample_calls
from local.demo.airflow_runs import RunOutcome
from local.errors import LocalAwsError
from local.permissions.recording import Recorder
from local.permissions.replays import RULES, stricter_contract
from local.seed.online_retail import generate
from local.settings import REPOSITORY, LocalSettings

PRODUCT, DATABASE = "online_retail", "curated"
PERSONAS = ("data-engineer", "uk-analyst", "outsider")
# Days that nothing else uses; the first one without a delivery is taken.
_FIRST_DAY = date(2012, 6, 1)
_CANARY_DAY = date(2026, 2, 1)
# Products of several tables: main table, DAG, and the first day that may be taken (flights are of 2013).
_PRODUCTS = (
    ("flights", "flights", "flights_daily", date(2013, 6, 1)),
    ("tickit", "tickit_sales", "tickit_sales_daily", date(2012, 6, 1)),
)
# The product whose table is made to break with its contract.
_BROKEN = "flights_airlines"
_RECORD = "the record of permissions"
_ROWS = 400
_FEW_ROWS = 40
_GENERATE_SECONDS = 60
_QUERY_SECONDS = 60
_EXPRESSION = "undeclared"
_TRAIL_DAYS = 10
_TABLE = {"Table": {"DatabaseName": DATABASE, "Name": PRODUCT}}

RunDag = Callable[[str, str, dict[str, object] | None], RunOutcome]


def record_lake(settings: LocalSettings, run_dag: RunDag, recorder: Recorder | None = None) -> Recorder:
    """Run the lake on a new day and give what was decided meanwhile.

    :param recorder: one that has recorded some DAGs of products already; they are not run again.
    :param run_dag: runs a DAG for a day, with the parameters of the run, and waits for it.
    :raises LocalAwsError: a DAG failed; without a run that succeeds nothing can be said about what it needs.
    """
    recorder, day = recorder or Recorder(settings), new_day(settings)
    recorded = set(recorder.dags)

    def run(dag_id: str, day: str = day, conf: dict[str, object] | None = None) -> None:
        outcome = recorder.dag(dag_id, day, lambda: run_dag(dag_id, day, conf))
        if not outcome.succeeded:
            raise LocalAwsError(f"{dag_id} failed under its roles: {outcome.error} {outcome.tasks}")

    lose_a_filter(settings)
    deliver(settings, day, seed=1)
    run("online_retail_daily")
    run("sales_marts")
    # A day's checks read the history of the days before.
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    deliver(settings, following, seed=1)
    run("online_retail_daily", following)
    let_permissions_drift(settings)
    deliver(settings, day, seed=2)
    with stricter_contract(settings, PRODUCT):
        run("online_retail_daily", conf={"accepted_quarantine_percent": 100})
    if "quarantine_replay" not in recorded:
        for rule, verdict in zip(RULES, ("approved_by", "rejected_by"), strict=True):
            run("quarantine_replay", conf=_decision(day, rule, verdict))
    run("lake_maintenance_daily")
    for product, main_table, dag_id, first_day in _PRODUCTS:
        if dag_id in recorded:
            continue
        free = new_day(settings, main_table, first_day)
        deliver_tables(settings, product, free)
        run(dag_id, free)
    break_a_table(settings)
    run("schema_migration", conf={"product": _BROKEN, "approved_by": _RECORD})
    request = ask_to_forget(settings, day)
    run("forget_subject", day, {"request": request, "dry_run": False, "approved_by": _RECORD})
    # A DAG runs no task for a day before its start date.
    today = (_CANARY_DAY + (date.fromisoformat(day) - _FIRST_DAY)).isoformat()
    with undeclared_grants(settings):
        run("lake_permissions_daily", today, {"approved_by": _RECORD})
    run("lake_canary_hourly", today)
    deliver_trail(settings, date.fromisoformat(today) - timedelta(days=1))
    run("access_audit_daily", today)
    for persona in PERSONAS:
        with recorder.step(f"{persona} queries"):
            query_as(settings, persona)
            ask_warehouse_as(settings, persona)
    return recorder


def _decision(day: str, rule: str, verdict: str) -> dict[str, object]:
    """Parameters of a replay that somebody has approved or rejected."""
    return {"product": PRODUCT, "day": day, "rule": rule, verdict: _RECORD, "reason": "recorded"}


def ask_to_forget(settings: LocalSettings, day: str) -> str:
    """Request the erasure of a customer of a day, whose file has an older version; give the request's name."""
    s3: Any = service_client("s3", settings)
    bucket, prefix = settings.name("landing"), f"{PRODUCT}/ingest_date={day}/"
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"] if entry["Size"]]
    text = s3.get_object(Bucket=bucket, Key=keys[0])["Body"].read().decode()
    customer = next(row["CustomerID"] for row in csv.DictReader(text.splitlines()) if row["CustomerID"])
    name = f"permissions-{day}"
    body = json.dumps({"domain": "customer", "subject": customer.removesuffix(".0")}).encode()
    s3.put_object(Bucket=settings.name("governance"), Key=f"erasure_requests/{name}.json", Body=body)
    return name


def new_day(settings: LocalSettings, table: str = PRODUCT, first_day: date = _FIRST_DAY) -> str:
    """The first day, from a day on, without a delivery of the table."""
    s3: Any = service_client("s3", settings)
    day = first_day
    while s3.list_objects_v2(Bucket=settings.name("landing"), Prefix=f"{table}/ingest_date={day}/", MaxKeys=1).get(
        "Contents"
    ):
        day += timedelta(days=1)
    return day.isoformat()


def deliver_tables(settings: LocalSettings, product: str, day: str) -> None:
    """Land a small day of every table of a product."""
    python = REPOSITORY / ".venv" / "local" / "bin" / "python"  # the runtime that has the real flights
    with tempfile.TemporaryDirectory() as folder:
        command = [str(python), "-m", "local", "generate", product, day, "--rows", str(_FEW_ROWS), "--out", folder]
        made = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, timeout=_GENERATE_SECONDS, check=False
        )
        if made.returncode != 0:
            raise LocalAwsError(f"the delivery of {product} could not be made: {made.stderr}")
        for path in map(Path, made.stdout.split()):
            list(landing.land(settings, path.parent.name, day, [path]))


def deliver(settings: LocalSettings, day: str, seed: int) -> None:
    """Land a small day; another seed is another delivery of it."""
    with tempfile.TemporaryDirectory() as folder:
        list(landing.land(settings, PRODUCT, day, generate(Path(folder), [day], _ROWS, seed)))


def lose_a_filter(settings: LocalSettings) -> None:
    """Delete the table's data cells filters, if there are any: the next run must make them again."""
    formation: Any = service_client("lakeformation", settings)
    for found in _filters(formation, settings):
        names = {key: found[key] for key in ("TableCatalogId", "DatabaseName", "TableName", "Name")}
        for row in formation.list_permissions(Resource={"DataCellsFilter": names})["PrincipalResourcePermissions"]:
            formation.revoke_permissions(
                Principal=row["Principal"], Resource=row["Resource"], Permissions=row["Permissions"]
            )
        formation.delete_data_cells_filter(**names)


def break_a_table(settings: LocalSettings) -> None:
    """Let a published table look as an older major version of its contract would have left it."""
    glue: Any = service_client("glue", settings)
    table = glue.get_table(DatabaseName=DATABASE, Name=_BROKEN)["Table"]
    storage = table["StorageDescriptor"]
    definition = {name: table[name] for name in ("Name", "TableType", "PartitionKeys")}
    definition["Parameters"] = {**table["Parameters"], "contract_version": "0.9.0"}
    definition["StorageDescriptor"] = {**storage, "Columns": [*storage["Columns"], {"Name": "alias", "Type": "string"}]}
    glue.update_table(DatabaseName=DATABASE, TableInput=definition)


def let_permissions_drift(settings: LocalSettings) -> None:
    """Change permissions by hand, as somebody might: the next run must put all of it right."""
    formation: Any = service_client("lakeformation", settings)
    glue: Any = service_client("glue", settings)
    outsider = {"DataLakePrincipalIdentifier": settings.role_arn("outsider")}
    engineer = {"DataLakePrincipalIdentifier": settings.role_arn("data-engineer")}
    formation.grant_permissions(Principal=outsider, Resource=_TABLE, Permissions=["SELECT"])
    formation.revoke_permissions(Principal=engineer, Resource=_TABLE, Permissions=["DESCRIBE"])
    for found in _filters(formation, settings):
        names = {key: found[key] for key in ("TableCatalogId", "DatabaseName", "TableName")}
        everything = {**names, "RowFilter": {"AllRowsWildcard": {}}, "ColumnNames": ["invoice_no"]}
        formation.update_data_cells_filter(TableData={**everything, "Name": found["Name"]})
        formation.create_data_cells_filter(TableData={**everything, "Name": f"{PRODUCT}__left-behind"})
    formation.delete_lf_tag(TagKey="domain")
    # A value can only be deleted when no column of any product has it.
    for table in glue.get_tables(DatabaseName=DATABASE)["TableList"]:
        place = {"DatabaseName": DATABASE, "Name": table["Name"]}
        tags = formation.get_resource_lf_tags(Resource={"Table": place}, ShowAssignedLFTags=True)
        for column in tags.get("LFTagsOnColumns", []):
            formation.remove_lf_tags_from_resource(
                Resource={"TableWithColumns": {**place, "ColumnNames": [column["Name"]]}},
                LFTags=[{"TagKey": "classification", "TagValues": ["restricted"]}],
            )
    formation.update_lf_tag(TagKey="classification", TagValuesToDelete=["restricted"])


def deliver_trail(settings: LocalSettings, day: date) -> None:
    """Deliver a month of CloudTrail's log files; the day has something to alert people to."""
    start = settings.name("")
    calls = sample_calls(day, _TRAIL_DAYS, start, settings.account_id, settings.region)
    cloudtrail.deliver(settings, calls, "the record of permissions")


@contextmanager
def undeclared_grants(settings: LocalSettings) -> Iterator[None]:
    """Meanwhile an outsider holds rights on the table and, by a named LF-tag expression, on tables nobody listed."""
    formation: Any = service_client("lakeformation", settings)
    outsider = {"DataLakePrincipalIdentifier": settings.role_arn("outsider")}
    expression = [{"TagKey": "domain", "TagValues": ["sales"]}]
    formation.create_lf_tag_expression(Name=_EXPRESSION, Expression=expression)
    policy = {"LFTagPolicy": {"ResourceType": "TABLE", "ExpressionName": _EXPRESSION}}
    for resource in (_TABLE, policy):
        formation.grant_permissions(Principal=outsider, Resource=resource, Permissions=["SELECT"])
    try:
        yield
    finally:
        formation.delete_lf_tag_expression(Name=_EXPRESSION)


def query_as(settings: LocalSettings, persona: str) -> None:
    """What a person does in the Athena console: look around, query, read the result."""
    athena: Any = service_client("athena", settings, settings.name(persona))
    for sql in (f"SHOW TABLES IN {DATABASE}", "SHOW DATABASES", f"SELECT count(*) FROM {DATABASE}.{PRODUCT}"):
        query = athena.start_query_execution(QueryString=sql, WorkGroup=settings.name(persona))["QueryExecutionId"]
        if _final_state(athena, query) == "SUCCEEDED":
            athena.get_query_results(QueryExecutionId=query)


def ask_warehouse_as(settings: LocalSettings, persona: str) -> None:
    """What a person does in Redshift's query editor: send a statement, follow it, read the result."""
    data: Any = service_client("redshift-data", settings, settings.name(persona))
    workgroup = settings.name("")[:-1]
    started = data.execute_statement(Sql="SELECT 1", WorkgroupName=workgroup, Database="lake")["Id"]
    deadline = time.monotonic() + _QUERY_SECONDS
    while (state := data.describe_statement(Id=started)["Status"]) not in ("FINISHED", "FAILED", "ABORTED"):
        if time.monotonic() > deadline:
            raise LocalAwsError(f"the statement {started} did not end within {_QUERY_SECONDS} s")
        time.sleep(0.1)
    if state == "FINISHED":
        data.get_statement_result(Id=started)


def _filters(formation: Any, settings: LocalSettings) -> list[dict[str, Any]]:
    glue: Any = service_client("glue", settings)
    if PRODUCT not in {table["Name"] for table in glue.get_tables(DatabaseName=DATABASE)["TableList"]}:
        return []
    table = {"CatalogId": settings.account_id, "DatabaseName": DATABASE, "Name": PRODUCT}
    return list(formation.list_data_cells_filter(Table=table)["DataCellsFilters"])


def _final_state(athena: Any, query: str) -> str:
    deadline = time.monotonic() + _QUERY_SECONDS
    while time.monotonic() < deadline:
        state = str(athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"])
        if state in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return state
        time.sleep(0.1)
    raise LocalAwsError(f"the query {query} did not end within {_QUERY_SECONDS} s")
