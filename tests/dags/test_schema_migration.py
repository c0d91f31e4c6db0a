"""A table whose contract broke with it is set aside and begun anew, on the local Glue and Athena."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from lake.catalog import find_partition
from lake.contracts import Column, Contract, contract
from lake.operators import migration, schema
from lake.operators.approval import ApproveOperator
from lake.operators.athena import AthenaStatementOperator
from lake.operators.migration import PlanMigrationOperator, SetTableAsideOperator
from lake.operators.partitions import PublishPartitionOperator
from lake.operators.schema import EnsureTablesOperator
from tests.dags.running import context, run_task

if TYPE_CHECKING:
    from tests.conftest import LocalAws

DAYS = ("2020-01-01", "2020-01-02")
NUMBER, NAME, DAY = Column("number", "int", True), Column("name", "string", False), Column("day", "date", True)
OLD = (NUMBER, NAME, DAY)
ROLES = [{"role": "uk-analyst", "access": "read"}, {"role": "airflow", "access": "write"}]


@dataclass
class Product:
    """A product of the test's own, whose contract can be deployed in another version.

    :param deploy: makes a version of its contract the deployed one
    """

    aws: LocalAws
    name: str
    deploy: Callable[[str, tuple[Column, ...]], None]

    def ensure(self) -> list[str]:
        done: list[str] = run_task(EnsureTablesOperator(task_id="ensure_tables", product=self.name))
        return done

    def plan(self) -> dict[str, Any]:
        planned: dict[str, Any] = run_task(PlanMigrationOperator(task_id="plan_migration", product=self.name))
        return planned

    def set_aside(self, kept: str) -> dict[str, Any]:
        task = SetTableAsideOperator(task_id="set_table_aside", product=self.name, kept=kept)
        done: dict[str, Any] = run_task(task)
        return done

    def publish(self, day: str, select: str) -> None:
        """Write a day with CTAS and show it, as the DAG does."""
        key = uuid.uuid4().hex[:12]
        helper = f"{self.name}_{key}"
        location = f"s3://{self.aws.name('curated')}/{self.name}/day={day}/version={key}/"
        properties = f"format = 'PARQUET', external_location = '{location}'"
        self.athena(f"CREATE TABLE staging.{helper} WITH ({properties}) AS {select}")
        task = PublishPartitionOperator(
            task_id="publish_day", database="curated", table=self.name, value=day, location=location, version=key,
            helper_table=("staging", helper),
        )  # fmt: skip
        run_task(task)

    def athena(self, statement: str) -> str:
        workgroup = self.aws.settings.name("")[:-1]
        query_id: str = run_task(
            AthenaStatementOperator(
                task_id="athena",
                query=statement,
                database="curated",
                workgroup=workgroup,
                sleep_time=0.1,
                deferrable=True,
            )
        )
        return query_id

    def rows(self, table: str, columns: str = "*") -> list[list[str | None]]:
        query_id = self.athena(f"SELECT {columns} FROM curated.{table} ORDER BY 1")
        answer = self.aws.client("athena", self.aws.name("airflow")).get_query_results(QueryExecutionId=query_id)
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in answer["ResultSet"]["Rows"][1:]]

    @property
    def glue(self) -> Any:
        return self.aws.client("glue", self.aws.name("airflow"))


@pytest.fixture
def product(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Product:
    name = f"m{uuid.uuid4().hex[:12]}"
    deployed: dict[str, Contract] = {}

    def deploy(version: str, columns: tuple[Column, ...]) -> None:
        terms = dataclasses.replace(contract("online_retail"), product=name, version=version, partition_column="day")
        vars(terms)["columns"] = columns
        deployed[name] = terms

    monkeypatch.setattr(schema, "contract", deployed.__getitem__)
    monkeypatch.setattr(migration, "contract", deployed.__getitem__)
    monkeypatch.setattr(migration, "compiled_contract", lambda _: {"permissions": {"roles": ROLES}})
    made = Product(aws, name, deploy)
    deploy("1.4.0", OLD)
    made.ensure()
    return made


@pytest.fixture
def published(product: Product) -> Product:
    """Two days in the old form."""
    for number, day in enumerate(DAYS):
        product.publish(day, f"SELECT CAST({number} AS integer) AS number, 'a' AS name")
    return product


def test_a_wider_type_is_followed_and_old_days_are_read_as_it(published: Product) -> None:
    published.deploy("1.5.0", (Column("number", "bigint", True), Column("added", "string", False), NAME, DAY))
    zones = ("staging", "curated", "quarantine")
    assert published.ensure() == [f"updated {zone}.{published.name}" for zone in zones]
    published.publish("2020-01-03", "SELECT CAST(3000000000 AS bigint) AS number, 'x' AS added, 'c' AS name")
    assert published.rows(published.name, "number, added, name, day") == [
        ["0", None, "a", DAYS[0]],
        ["1", None, "a", DAYS[1]],
        ["3000000000", "x", "c", "2020-01-03"],
    ]
    old, new = (find_partition(published.glue, "curated", published.name, day) for day in (DAYS[0], "2020-01-03"))
    assert old is not None
    assert new is not None
    assert [column["Type"] for column in old["StorageDescriptor"]["Columns"]] == ["int", "string"]
    # In the order of its files: COPY from Parquet goes by position.
    assert [column["Name"] for column in new["StorageDescriptor"]["Columns"]] == ["number", "added", "name"]


def test_files_that_are_not_what_the_contract_says_are_not_shown(published: Product) -> None:
    with pytest.raises(AirflowFailException, match="number is bigint, the table says int"):
        published.publish("2020-01-03", "SELECT CAST(3 AS bigint) AS number, 'c' AS name")
    assert find_partition(published.glue, "curated", published.name, "2020-01-03") is None


def test_nothing_to_migrate_is_skipped(published: Product) -> None:
    published.deploy("1.5.0", (*OLD, Column("added", "string", False)))
    with pytest.raises(AirflowSkipException, match="nothing to migrate"):
        published.plan()


def test_a_breaking_change_without_a_major_version_is_refused(published: Product) -> None:
    published.deploy("1.5.0", (Column("number", "string", True), NAME, DAY))
    with pytest.raises(AirflowFailException, match=r"(?s)must raise the major version.*number int -> string"):
        published.plan()


def test_no_migration_goes_back(published: Product) -> None:
    published.deploy("0.9.0", (NUMBER, DAY))
    with pytest.raises(AirflowFailException, match="Deploy the newer contract"):
        published.plan()


def test_the_old_table_stays_readable_and_the_new_one_begins_empty(published: Product) -> None:
    published.deploy("2.0.0", (Column("number", "string", True), DAY))
    with pytest.raises(
        AirflowFailException, match=r"number int -> string; name is not in the contract.*schema_migration"
    ):
        published.ensure()
    planned = published.plan()
    kept = f"{published.name}_v1"
    assert (planned["kept"], planned["days"], planned["readers"]) == (kept, [*DAYS], ["uk-analyst"])
    assert published.set_aside(kept)["kept"] == f"curated.{kept}"
    assert published.rows(kept) == [["0", "a", DAYS[0]], ["1", "a", DAYS[1]]]
    assert published.rows(published.name) == []
    assert published.ensure() == [f"updated quarantine.{published.name}"], "the rest follows the contract already"
    published.publish("2020-01-03", "SELECT 'three' AS number")
    assert published.rows(published.name) == [["three", "2020-01-03"]]
    with pytest.raises(AirflowSkipException):
        published.plan()


def test_a_killed_run_is_finished_by_the_next(published: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    published.deploy("2.0.0", (NUMBER, DAY))
    kept = f"{published.name}_v1"
    with monkeypatch.context() as patch:
        patch.setattr(SetTableAsideOperator, "_empty", lambda *_: pytest.fail("killed here"))
        with pytest.raises(pytest.fail.Exception, match="killed here"):
            published.set_aside(kept)
    assert len(published.rows(published.name, "number")) == 2, "nothing is taken before the copy is complete"
    published.set_aside(kept)
    assert len(published.rows(kept)) == 2
    assert published.rows(published.name) == []


def test_another_partition_column_is_a_migration(published: Product) -> None:
    published.deploy("2.0.0", OLD)
    table = published.glue.get_table(DatabaseName="curated", Name=published.name)["Table"]
    assert table["PartitionKeys"] == [{"Name": "day", "Type": "date"}]
    published.deploy("2.0.0", (NUMBER, NAME, Column("day", "string", True)))
    published.set_aside(published.plan()["kept"])
    table = published.glue.get_table(DatabaseName="curated", Name=published.name)["Table"]
    assert table["PartitionKeys"] == [{"Name": "day", "Type": "string"}]


def test_a_table_of_another_origin_is_not_touched(published: Product) -> None:
    published.deploy("2.0.0", (NUMBER, DAY))
    kept = f"{published.name}_v1"
    definition = {
        "Name": kept,
        "StorageDescriptor": {"Columns": [], "Location": f"s3://{published.aws.name('curated')}/x/"},
    }
    published.glue.create_table(DatabaseName="curated", TableInput=definition)
    with pytest.raises(AirflowFailException, match="was not set aside by this DAG"):
        published.set_aside(kept)
    assert len(published.rows(published.name)) == 2


def test_who_approved_elsewhere_is_not_asked() -> None:
    task = ApproveOperator(task_id="approve_migration", subject="Begin anew?", approved_by=" Ada ")
    answer = task.execute(context())
    assert answer == {"chosen_options": ["Approve"], "responded_by_user": {"id": "Ada", "name": "Ada"}}
