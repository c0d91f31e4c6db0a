"""Rules across tables and days, asked of the local Athena over data that breaks them and data that does not."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lake.catalog import history_tables
from lake.operators.athena import AthenaStatementOperator
from lake.quality_history import lines
from lake.settings import LAKE
from lake.table_checks import Answer, Day, Target, failed_before, outcomes, statement
from tests.dags.running import run_task

if TYPE_CHECKING:
    from tests.conftest import LocalAws

DAY = "2013-05-08"  # a Wednesday
RUN_KEY = "0123456789abcdef"


@dataclass
class Check:
    """Asks the rules about rows of its own.

    :param product: name no other test uses
    """

    aws: LocalAws
    product: str = field(default_factory=lambda: f"p{uuid.uuid4().hex[:10]}")

    @property
    def staging(self) -> tuple[str, str]:
        return ("staging", self.product)

    def sql(self, text: str) -> str:
        """Run a statement as the DAGs do; fails with Athena's words. Returns its id."""
        task = AthenaStatementOperator(
            task_id="statement", query=text, workgroup=LAKE.workgroup, sleep_time=0.1, deferrable=True
        )
        return str(run_task(task))

    def table(self, database: str, name: str, select: str) -> tuple[str, str]:
        location = f"s3://{self.aws.name('curated')}/tests/{name}/"
        self.sql(f"CREATE TABLE {database}.{name} WITH (format='PARQUET', external_location='{location}') AS {select}")
        return (database, name)

    def stage(self, select: str) -> None:
        """The day's rows, in a table with the run's two partition columns."""
        self.table(
            "staging", self.product, f"SELECT s.*, '{DAY}' AS ingest_date, '{RUN_KEY}' AS run_key FROM ({select}) s"
        )

    def history(self, table: str, day: str, rows: list[dict[str, Any]], published: bool = True) -> None:
        """A day of the history, as judge_quality writes it."""
        run = {"product": self.product, "run_key": RUN_KEY, "contract_version": "1.0.0", "published": published}
        key = f"{table}/ingest_date={day}/{self.product}-{uuid.uuid4().hex}.json"
        body = lines(rows, run, datetime.now(UTC))
        self.aws.client("s3").put_object(Bucket=self.aws.name("governance"), Key=key, Body=body)

    def ask(
        self, *rules: dict[str, Any], targets: dict[str, Target] | None = None, age_days: int = 0
    ) -> dict[str, Any]:
        """:return: each check by its rule"""
        checks, _ = self.ask_all(rules, targets or {}, age_days)
        return {check["id"]: check for check in checks}

    def ask_all(self, rules: Any, targets: dict[str, Target], age_days: int = 0) -> tuple[Any, dict[str, int]]:
        query_id = self.sql(statement(self.product, list(rules), Day(self.staging, DAY, RUN_KEY), targets))
        rows = self.aws.client("athena", self.aws.name("airflow")).get_query_results(QueryExecutionId=query_id)
        cells = [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows["ResultSet"]["Rows"][1:]]
        answers = [Answer(rule, int(failing), int(total), seen) for rule, failing, total, seen in cells]
        by_rule = {answer.rule_id: answer for answer in answers}
        return outcomes(list(rules), by_rule, age_days), failed_before(answers)


@pytest.fixture
def check(aws: LocalAws) -> Check:
    catalog = aws.client("glue", aws.name("airflow"))
    for table in history_tables(LAKE):
        try:
            catalog.create_table(DatabaseName=table.database, TableInput=table.definition)
        except catalog.exceptions.AlreadyExistsException:
            continue
    return Check(aws)


def rule(kind: str, severity: str = "error", **arguments: Any) -> dict[str, Any]:
    defaults = {
        "referential_integrity": {"to_product": "other", "grace_days": 0},
        "freshness": {"column": "at", "hours": 26},
        "volume_anomaly": {"weeks": 8, "tolerance": 4, "floorPercent": 5, "ignoreDays": []},
        "reconciliation": {"product": "other", "tolerancePercent": 0},
    }
    return {
        "id": kind,
        "name": f"rule {kind}",
        "severity": severity,
        "dimension": "consistency",
        "check": kind,
        "arguments": defaults[kind] | arguments,
    }


def other(check: Check, select: str) -> dict[str, Target]:
    return {"other": Target(check.table("curated", f"{check.product}_other", select), "TRUE")}


CARRIERS = "SELECT * FROM (VALUES ('AA', 1), ('UA', 2)) AS t (carrier, number)"


def test_a_key_that_refers_to_nothing_is_counted_by_rows(check: Check) -> None:
    check.stage("SELECT * FROM (VALUES ('AA'), ('ZZ'), ('ZZ'), ('YY'), (CAST(NULL AS varchar))) AS t (carrier)")
    found = check.ask(rule("referential_integrity", columns=["carrier"], to_columns=["carrier"]),
                      targets=other(check, CARRIERS))  # fmt: skip
    answer = found["referential_integrity"]
    assert answer["success"] is False
    assert (answer["failed_rows"], answer["rows"]) == (3, 4), "a missing key refers to nothing and is no orphan"
    assert answer["observed"] == "3 of 4 rows refer to nothing: YY, ZZ"


def test_a_composite_key_matches_as_a_whole(check: Check) -> None:
    check.stage("SELECT * FROM (VALUES ('AA', 1), ('AA', 2)) AS t (c, n)")
    found = check.ask(rule("referential_integrity", columns=["c", "n"], to_columns=["carrier", "number"]),
                      targets=other(check, CARRIERS))  # fmt: skip
    assert found["referential_integrity"]["observed"] == "1 of 2 rows refer to nothing: AA/2"


def test_every_key_known_and_keys_repeated_on_the_other_side(check: Check) -> None:
    check.stage("SELECT * FROM (VALUES ('AA'), ('UA'), ('AA')) AS t (carrier)")
    twice = f"{CARRIERS} UNION ALL {CARRIERS}"
    found = check.ask(rule("referential_integrity", columns=["carrier"], to_columns=["carrier"]),
                      targets=other(check, twice))  # fmt: skip
    assert found["referential_integrity"]["success"] is True
    assert found["referential_integrity"]["rows"] == 3


def test_a_late_dimension_warns_within_its_grace(check: Check) -> None:
    check.stage("SELECT 'ZZ' AS carrier")
    late = rule("referential_integrity", columns=["carrier"], to_columns=["carrier"], grace_days=3)
    targets = other(check, CARRIERS)
    assert check.ask(late, targets=targets, age_days=3)["referential_integrity"]["severity"] == "warning"
    assert check.ask(late, targets=targets, age_days=4)["referential_integrity"]["severity"] == "error"


def test_a_product_that_was_never_published_cannot_be_compared_with(check: Check) -> None:
    check.stage("SELECT 'AA' AS carrier")
    found = check.ask(rule("referential_integrity", columns=["carrier"], to_columns=["carrier"]))
    assert found["referential_integrity"]["success"] is None
    assert "other has no published day yet" in found["referential_integrity"]["observed"]


@pytest.mark.parametrize(
    ("latest", "success"),
    [("TIMESTAMP '2013-05-08 23:59:00'", True), ("TIMESTAMP '2013-05-07 22:00:00'", True),
     ("TIMESTAMP '2013-05-07 21:59:59'", False), ("CAST(NULL AS timestamp)", False)],
)  # fmt: skip
def test_freshness_is_judged_at_the_end_of_the_day(check: Check, latest: str, success: bool) -> None:
    check.stage(f"SELECT {latest} AS at")
    assert check.ask(rule("freshness"))["freshness"]["success"] is success


def test_a_day_of_another_size_than_its_weekday(check: Check) -> None:
    check.stage("SELECT n FROM UNNEST(SEQUENCE(1, 50)) AS t (n)")
    wednesday = date.fromisoformat(DAY)
    for week in range(1, 9):
        day = (wednesday - timedelta(weeks=week)).isoformat()
        check.history("quality_metrics", day, [{"metric": "rows", "value": 7.0}])  # an earlier run of the day
        check.history("quality_metrics", day, [{"metric": "rows", "value": 100.0 + week}])
        # Neither other weekdays nor days that were stopped are examples.
        check.history(
            "quality_metrics", (wednesday - timedelta(days=week)).isoformat(), [{"metric": "rows", "value": 50.0}]
        )
    found = check.ask(rule("volume_anomaly"))["volume_anomaly"]
    assert found["success"] is False
    assert found["observed"] == "50 rows"
    assert "by 8 earlier days of this weekday" in found["expected"]


def test_days_that_were_stopped_or_are_ignored_are_no_examples(check: Check) -> None:
    check.stage("SELECT n FROM UNNEST(SEQUENCE(1, 50)) AS t (n)")
    days = [(date.fromisoformat(DAY) - timedelta(weeks=week)).isoformat() for week in range(1, 9)]
    for day in days[:4]:
        check.history("quality_metrics", day, [{"metric": "rows", "value": 1000.0}], published=False)
    for day in days[4:]:
        check.history("quality_metrics", day, [{"metric": "rows", "value": 1000.0}])
    assert check.ask(rule("volume_anomaly"))["volume_anomaly"]["success"] is False
    found = check.ask(rule("volume_anomaly", ignoreDays=days[4:5]))["volume_anomaly"]
    assert found["success"] is True
    assert "3 earlier days are too few to compare" in found["observed"]


@pytest.mark.parametrize(("tolerance", "success"), [(0, False), (9, False), (10, True)])
def test_two_sums_that_must_agree(check: Check, tolerance: int, success: bool) -> None:
    check.stage("SELECT * FROM (VALUES (60), (50)) AS t (amount)")
    found = check.ask(
        rule("reconciliation", measure="sum(amount)", productMeasure="sum(number)", tolerancePercent=tolerance),
        targets=other(check, "SELECT 100 AS number"),
    )["reconciliation"]
    assert found["success"] is success
    assert found["observed"] == "110 (sum(amount))"


def test_rules_that_failed_on_earlier_days_are_counted(check: Check) -> None:
    check.stage("SELECT 1 AS n")
    for back, status in ((1, "failed"), (2, "error"), (3, "passed"), (20, "failed")):
        day = (date.fromisoformat(DAY) - timedelta(days=back)).isoformat()
        check.history("quality_results", day, [{"rule": "r1", "status": status}])
    _, before = check.ask_all([], {})
    assert before == {"r1": 2}


def test_only_a_day_and_a_run_key_get_into_the_statement() -> None:
    for day, key in (("2013-05-08' OR '1'='1", RUN_KEY), (DAY, "x' --"), ("", RUN_KEY)):
        with pytest.raises(ValueError, match="are not a day and a run key"):
            Day(("staging", "p"), day, key)


def test_the_history_is_read_back_as_it_was_written(check: Check) -> None:
    check.history("quality_scores", DAY, [{"dimension": "accuracy", "score": None, "rules": 0},
                                          {"dimension": "overall", "score": 98.5, "rules": 12}])  # fmt: skip
    query_id = check.sql(
        "SELECT dimension, score, rules, published, recorded_at FROM governance.quality_scores "
        f"WHERE ingest_date = '{DAY}' AND product = '{check.product}' ORDER BY dimension"
    )
    rows = check.aws.client("athena", check.aws.name("airflow")).get_query_results(QueryExecutionId=query_id)
    cells = [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows["ResultSet"]["Rows"][1:]]
    assert [row[:4] for row in cells] == [["accuracy", None, "0", "true"], ["overall", "98.5", "12", "true"]]
    assert all(row[4] for row in cells)
