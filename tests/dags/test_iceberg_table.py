"""An Iceberg copy follows its contract: made, widened, left alone, or refused with nothing changed."""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from lake.contracts import compiled_contract
from lake.operators import iceberg
from lake.operators.iceberg import EnsureIcebergTableOperator
from local.permissions.mutation import without_statement
from tests.dags.running import run_task
from tests.dags.test_generated_ddl import athena

if TYPE_CHECKING:
    from tests.conftest import LocalAws

PRODUCT = "online_retail"
PAGE = Path(__file__).parents[2] / "docs" / "contract-changes.md"


@pytest.fixture(scope="module")
def documented_right(local_aws: LocalAws) -> Iterator[None]:
    """Airflow's role has what the page tells to give it."""
    (text,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    statement = json.loads(text.replace("<prefix>-<env>-", local_aws.name("")))
    where = {"RoleName": local_aws.name("airflow"), "PolicyName": "iceberg"}
    iam = local_aws.client("iam")
    iam.put_role_policy(**where, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    yield
    iam.delete_role_policy(**where)


@pytest.fixture
def terms(aws: LocalAws, documented_right: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The product's contract under a name of this test; what a test changes in it is the next version."""
    compiled = copy.deepcopy(compiled_contract(PRODUCT))
    compiled["product"] = f"t{uuid.uuid4().hex[:8]}"
    monkeypatch.setattr(iceberg, "compiled_contract", lambda _: compiled)
    yield compiled
    athena(aws, f"DROP TABLE IF EXISTS curated.{compiled['product']}_iceberg")


def ensure() -> list[str]:
    done: list[str] = run_task(EnsureIcebergTableOperator(task_id="ensure_iceberg", product=PRODUCT))
    return done


def column(compiled: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in compiled["columns"] if entry["name"] == name)


def shown(aws: LocalAws, terms: dict[str, Any]) -> dict[str, str]:
    name = f"{terms['product']}_iceberg"
    rows = athena(
        aws,
        f"SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'curated' AND table_name = '{name}'",  # noqa: E501
    )
    return {str(row[0]): str(row[1]) for row in rows[1:]}


def test_it_is_made_once(aws: LocalAws, terms: dict[str, Any]) -> None:
    (made,) = ensure()
    assert made.startswith("CREATE TABLE")
    assert list(shown(aws, terms)) == [entry["name"] for entry in terms["columns"]]
    assert ensure() == []


def test_an_additive_change_is_followed_and_old_rows_stay(aws: LocalAws, terms: dict[str, Any]) -> None:
    ensure()
    table = f"curated.{terms['product']}_iceberg"
    athena(aws, f"INSERT INTO {table} (invoice_no, quantity, unit_price) SELECT 'A', 7, CAST(1.250 AS decimal(12,3))")
    column(terms, "quantity")["athena_type"] = "bigint"
    column(terms, "unit_price")["athena_type"] = "decimal(20,3)"
    terms["columns"].append({**column(terms, "country"), "name": "channel"})
    assert [statement.split(table)[1].split()[0] for statement in ensure()] == ["ADD", "CHANGE", "CHANGE"]
    types = shown(aws, terms)
    assert (types["quantity"], types["unit_price"], types["channel"]) == ("bigint", "decimal(20,3)", "varchar")
    rows = athena(aws, f"SELECT invoice_no, quantity, unit_price, channel FROM {table}")
    assert rows[1:] == [["A", "7", "1.250", None]]
    assert ensure() == []


def test_without_the_right_it_says_what_was_refused(aws: LocalAws, terms: dict[str, Any]) -> None:
    with (
        without_statement(aws.client("iam"), aws.name("airflow"), "iceberg", "IcebergMetadata"),
        pytest.raises(AirflowFailException, match=r"docs/contract-changes\.md"),
    ):
        ensure()
    assert shown(aws, terms) == {}


def _gone(terms: dict[str, Any]) -> None:
    terms["columns"].remove(column(terms, "country"))


def _narrower(terms: dict[str, Any]) -> None:
    column(terms, "unit_price")["athena_type"] = "decimal(10,3)"


def _other_type(terms: dict[str, Any]) -> None:
    column(terms, "quantity")["athena_type"] = "string"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_gone, "country is not in the contract any more"),
        (_narrower, r"unit_price decimal\(12, ?3\) -> decimal\(10,3\)"),
        (_other_type, "quantity int -> string"),
    ],
)
def test_a_breaking_change_changes_nothing(
    aws: LocalAws, terms: dict[str, Any], change: Callable[[dict[str, Any]], None], said: str
) -> None:
    ensure()
    before = shown(aws, terms)
    change(terms)
    terms["columns"].append({"name": "added_too", "athena_type": "string"})
    with pytest.raises(AirflowFailException, match=said):
        ensure()
    assert shown(aws, terms) == before


def test_a_table_of_another_kind_is_left_alone(aws: LocalAws, terms: dict[str, Any]) -> None:
    name = f"{terms['product']}_iceberg"
    location = f"s3://{aws.name('curated')}/tests/{name}/"
    athena(aws, f"CREATE EXTERNAL TABLE curated.{name} (x int) STORED AS PARQUET LOCATION '{location}'")
    with pytest.raises(AirflowFailException, match="is no Iceberg table"):
        ensure()
    assert shown(aws, terms) == {"x": "integer"}
