"""What an erasure takes as parameters and tells afterwards: nothing of a person goes in, counts come out."""

from __future__ import annotations

import re
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

from lake import erasure
from lake.catalog import PARQUET
from lake.operators.erasure import CheckRequestOperator, CloseRequestOperator
from tests.dags.running import context, run_task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import LocalAws

ZONE = {
    "zone": "landing", "product": "online_retail", "rows": 3, "objects": 2, "rows_of_old_versions": 1,
    "old_versions": 1, "objects_removed": 0,
}  # fmt: skip
RESULT: dict[str, Any] = {
    "request": "DSR-1", "domains": ["customer"], "products": ["online_retail"], "versions_searched": 7, "zones": [ZONE],
    "days": [{"product": "online_retail", "day": "2010-12-01"}], "left": 0, "ended_at": "2026-01-01T00:00:00+00:00",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request", "../../landing/x"),
        ("request", "a b"),
        ("request", ""),
        ("request", "{{ ds }}"),
        ("request", "x" * 64),
        ("request", "R2\n"),
        ("request", 17850),
        ("products", ["no_such_product"]),
        ("products", "online_retail"),
        ("products", ["online_retail", "online_retail"]),
        ("dry_run", "no"),
        ("reason", "x" * 201),
        ("approved_by", "x" * 101),
    ],
)
def test_parameter_outside_its_schema_is_refused(dags: dict[str, DAG], name: str, value: object) -> None:
    param = dags["forget_subject"].params.get_param(name)
    with pytest.raises(ParamValidationError):
        param.resolve(value=value)


def test_rule_of_a_replay_with_a_line_feed_is_refused(dags: dict[str, DAG]) -> None:
    rule = dags["quarantine_replay"].params.get_param("rule")
    assert rule.resolve(value="quantity_not_zero") == "quantity_not_zero"
    with pytest.raises(ParamValidationError):
        rule.resolve(value="quantity_not_zero\n")


def test_without_parameters_nothing_is_erased(dags: dict[str, DAG]) -> None:
    params = dags["forget_subject"].params
    assert params["dry_run"] is True
    assert params["approved_by"] is None


def test_addresses_of_a_run_are_below_folders_of_their_own() -> None:
    found = erasure.addresses("DSR-1", "0123456789abcdef")
    assert found["request_file"].endswith("-governance/erasure_requests/DSR-1.json")
    assert found["pseudonyms"].startswith(erasure.PSEUDONYMS)
    assert erasure.addresses(erasure.DELETION_LIST, "0123456789abcdef")["request_file"] == ""


def test_statistics_of_every_table_that_loses_rows_are_made_anew(dags: dict[str, DAG]) -> None:
    erasing: Any = dags["forget_subject"].get_task("erase_warehouse")
    steps = ["\n".join(line for line in sql.splitlines() if not line.startswith("--")) for sql in erasing.sql]
    changed = {name for sql in steps for name in re.findall(r"DELETE FROM (mart\.\w+)", sql)}
    assert changed == {"mart.fact_sales", "mart.dim_customer", "mart.dim_product"}
    last_change = max(index for index, sql in enumerate(steps) if "DELETE FROM" in sql or "INSERT INTO" in sql)
    *before, threshold = steps[: steps.index("ANALYZE mart.fact_sales")]
    assert threshold == "SET analyze_threshold_percent TO 0"
    assert len(before) > last_change
    assert {sql.removeprefix("ANALYZE ") for sql in steps if sql.startswith("ANALYZE ")} == changed


def test_note_for_whoever_approves_counts_by_zone() -> None:
    assert "| landing | online_retail | 3 | 2 | 1 | 1 | 0 |" in erasure.found_text(RESULT)
    assert erasure.NOTHING_FOUND not in erasure.found_text(RESULT)
    text = erasure.found_text({**RESULT, "zones": []})
    assert "nothing was found" in text
    assert erasure.NOTHING_FOUND in text


@pytest.mark.parametrize(
    ("zones", "in_warehouse", "nothing"), [([], 0, True), ([], 1, False), ([ZONE], 0, False), ([ZONE], 1, False)]
)
def test_report_says_loudly_that_nothing_was_found(zones: list[Any], in_warehouse: int, nothing: bool) -> None:
    result, run = {**RESULT, "zones": zones}, {"approved_by": "dpo", "reason": "", "run": "manual__1"}
    document = erasure.report(result, result, [result], {"fact_sales.erase": in_warehouse}, [], run)
    assert document["nothing_found"] is nothing
    assert (erasure.NOTHING_FOUND in erasure.page(document)) is nothing


def test_page_quotes_what_people_wrote() -> None:
    run = {"approved_by": "<b>dpo</b>", "reason": "<script>alert(1)</script>", "run": "manual__1"}
    document = erasure.report(RESULT, RESULT, [RESULT], {"fact_sales.erase": 3}, ["mart.fact_sales.customer_id"], run)
    page = erasure.page(document)
    assert "<script>" not in page
    assert "<b>dpo" not in page
    assert "&lt;script&gt;" in page
    assert "0 rows left" in page
    assert "online_retail 2010-12-01" in page


def test_keys_of_partitions_are_told_with_some_of_the_partitions() -> None:
    days = [f"online_retail 2010-12-{day:02}" for day in range(25, 0, -1)]
    text = erasure.key_versions_text([*(("v1", day) for day in days), ("v2", "online_retail 2011-01-01")])
    first, second = text.split(";")
    assert first.startswith("v1=online_retail 2010-12-01, online_retail 2010-12-02, ")
    assert first.endswith("online_retail 2010-12-20 and 5 more")
    assert second == "v2=online_retail 2011-01-01"
    assert erasure.key_versions_text([]) == ""


def test_only_products_that_name_people_by_a_key_are_asked_for_their_keys() -> None:
    assert erasure.protected_products(["flights", "online_retail", "tickit_event"]) == ["online_retail"]


def test_report_adds_up_what_all_attempts_removed() -> None:
    athena = {**ZONE, "zone": "athena", "product": "", "rows": 0, "objects": 0, "objects_removed": 4}
    first = {"zones": [athena, ZONE], "days": [{"product": "online_retail", "day": "2010-12-02"}]}
    last = {**RESULT, "zones": []}
    run = {"approved_by": "dpo", "reason": "", "run": "manual__1"}
    document = erasure.report(last, last, [first, RESULT], {"fact_sales.erase": 0}, [], run)
    twice = {**ZONE, "rows": 6, "objects": 4, "rows_of_old_versions": 2, "old_versions": 2}
    assert document["erased"]["zones"] == [twice, athena]
    assert [day["day"] for day in document["erased"]["days"]] == ["2010-12-01", "2010-12-02"]
    assert document["erased"]["attempts"] == 2
    assert document["nothing_found"] is False
    assert "<td>6</td>" in erasure.page(document)


@pytest.fixture
def recorded_key(aws: LocalAws) -> Iterator[str]:
    """Version of the key that a published day far in the past records, and only that day."""
    glue, where = aws.client("glue", aws.name("airflow")), {"DatabaseName": "curated", "TableName": "online_retail"}
    storage = {"Columns": [{"Name": "customer_id", "Type": "string"}], "Location": "s3://none/", **PARQUET}
    made = False
    try:
        glue.create_table(
            DatabaseName="curated",
            TableInput={
                "Name": "online_retail",
                "PartitionKeys": [{"Name": "invoice_day", "Type": "date"}],
                "StorageDescriptor": storage,
            },
        )
        made = True
    except glue.exceptions.AlreadyExistsException:
        pass  # another test published days; they stay
    version = str(uuid.uuid4())
    partition = {"Values": ["1999-01-01"], "StorageDescriptor": storage, "Parameters": {"pii_key_version": version}}
    glue.create_partition(**where, PartitionInput=partition)
    yield version
    admin = aws.client("glue")
    admin.delete_partition(**where, PartitionValues=["1999-01-01"])
    if made:
        admin.delete_table(DatabaseName="curated", Name="online_retail")


def _check(products: str) -> dict[str, str]:
    given = context()
    given["dag_run"] = SimpleNamespace(run_id="manual__1")
    task = CheckRequestOperator(task_id="check_request", request=erasure.DELETION_LIST, products=products)
    found: dict[str, str] = run_task(task, given)
    return found


def test_the_job_is_told_which_keys_published_days_record(recorded_key: str) -> None:
    found = _check("[]")["key_versions"].split(";")
    assert f"{recorded_key}=online_retail 1999-01-01" in found
    assert _check('["flights"]')["key_versions"] == ""


def test_removals_that_another_report_has_are_left_out(aws: LocalAws) -> None:
    s3, request = aws.client("s3"), f"DSR-{uuid.uuid4().hex[:12]}"
    places = erasure.addresses(request, "0123456789abcdef")
    bucket, _, folder = places["removals"].removeprefix("s3://").partition("/")
    for name, reported_in in (("a", ""), ("b", "s3://another/report.json"), ("c", places["report"])):
        body = erasure.as_json({"zones": [], "days": [], "reported_in": reported_in}).encode()
        s3.put_object(Bucket=bucket, Key=f"{folder}{name}.json", Body=body)
    texts = dict.fromkeys(("checked", "approved_by", "reason", "warehouse_statement", "scanned"), "")
    task = CloseRequestOperator(task_id="close_request", steps=(), **texts)
    assert sorted(task._removals(places)) == [f"{places['removals']}{name}.json" for name in ("a", "c")]
    assert task._removals(erasure.addresses(f"{request}-2", "0123456789abcdef")) == {}


@pytest.mark.parametrize(
    "dag_id",
    ["forget_subject", "quarantine_replay", "schema_migration", "lake_permissions_daily", "lake_maintenance_daily"],
)
def test_run_with_an_unknown_parameter_does_nothing_and_says_which(dags: dict[str, DAG], dag_id: str) -> None:
    dag = dags[dag_id]
    for task in dag.roots:
        hook = task.partial_kwargs["pre_execute"] if task.is_mapped else task._pre_execute_hook
        for conf in (None, {}, dict.fromkeys(dag.params)):
            hook({"dag": dag, "dag_run": SimpleNamespace(conf=conf)})
        with pytest.raises(AirflowFailException) as raised:
            hook({"dag": dag, "dag_run": SimpleNamespace(conf={**dict.fromkeys(dag.params), "reqest": "R5"})})
        assert all(name in str(raised.value) for name in ("'reqest'", dag_id, *dag.params))
