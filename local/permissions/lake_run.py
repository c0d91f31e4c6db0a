"""One run of everything that the lake does, recorded: two deliveries of a day, the marts, permissions that have
drifted, a day of each product of several tables, and people who query.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from local import landing
from local.clients import service_client
from local.demo.airflow_runs import RunOutcome
from local.errors import LocalAwsError
from local.permissions.recording import Recorder
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
_ROWS = 400
_FEW_ROWS = 40
_GENERATE_SECONDS = 60
_QUERY_SECONDS = 60
_TABLE = {"Table": {"DatabaseName": DATABASE, "Name": PRODUCT}}

RunDag = Callable[[str, str], RunOutcome]


def record_lake(settings: LocalSettings, run_dag: RunDag) -> Recorder:
    """Run the lake on a new day and give what was decided meanwhile.

    :param run_dag: runs a DAG for a day and waits for it.
    :raises LocalAwsError: a DAG failed; without a run that succeeds nothing can be said about what it needs.
    """
    recorder, day = Recorder(settings), new_day(settings)

    def run(dag_id: str, day: str = day) -> None:
        outcome = recorder.dag(dag_id, day, lambda: run_dag(dag_id, day))
        if not outcome.succeeded:
            raise LocalAwsError(f"{dag_id} failed under its roles: {outcome.error} {outcome.tasks}")

    lose_a_filter(settings)
    deliver(settings, day, seed=1)
    run("online_retail_daily")
    run("sales_marts")
    let_permissions_drift(settings)
    deliver(settings, day, seed=2)
    run("online_retail_daily")
    for product, main_table, dag_id, first_day in _PRODUCTS:
        free = new_day(settings, main_table, first_day)
        deliver_tables(settings, product, free)
        run(dag_id, free)
    # A DAG runs no task for a day before its start date.
    run("lake_canary_hourly", (_CANARY_DAY + (date.fromisoformat(day) - _FIRST_DAY)).isoformat())
    for persona in PERSONAS:
        with recorder.step(f"{persona} queries"):
            query_as(settings, persona)
    return recorder


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


def query_as(settings: LocalSettings, persona: str) -> None:
    """What a person does in the Athena console: look around, query, read the result."""
    athena: Any = service_client("athena", settings, settings.name(persona))
    for sql in (f"SHOW TABLES IN {DATABASE}", "SHOW DATABASES", f"SELECT count(*) FROM {DATABASE}.{PRODUCT}"):
        query = athena.start_query_execution(QueryString=sql, WorkGroup=settings.name(persona))["QueryExecutionId"]
        if _final_state(athena, query) == "SUCCEEDED":
            athena.get_query_results(QueryExecutionId=query)


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
