"""Formats, DDL, CTAS, INSERT, UNLOAD, views, prepared statements through the Athena API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.athena.conftest import Athena, Outcome
from tests.local.athena.scenarios import CSV_DDL, CSV_FILES, ERRORS, FORMATS, WRITES, Scenario, Step


@pytest.fixture(scope="session")
def csv_table(athena: Athena) -> Athena:
    """The partitioned text table ``@raw.csv``."""
    for key, body in CSV_FILES.items():
        athena.put(key, body)
    athena.run(CSV_DDL).succeeded()
    return athena


@pytest.fixture(scope="module")
def wrong_statements(repaired: Athena) -> dict[str, str]:
    """All wrong statements, started at once: statement -> execution id."""
    return {sql: repaired.start(sql) for sql, _ in ERRORS}


@pytest.mark.parametrize(("sql", "reason"), ERRORS, ids=[sql[:60] for sql, _ in ERRORS])
def test_wrong_statements_fail_as_on_athena(
    repaired: Athena, wrong_statements: dict[str, str], sql: str, reason: str
) -> None:
    Outcome(repaired.wait(wrong_statements[sql])).failed(reason)


def test_a_blank_query_is_refused_at_once(athena: Athena) -> None:
    with pytest.raises(athena.client().exceptions.InvalidRequestException):
        athena.start(" ")


def test_a_partitioned_table_is_empty_until_its_partitions_are_known(csv_table: Athena, repaired: Athena) -> None:
    rows = repaired.run("select id,name,amt,tags,m['k'] k,dt from csv order by id").succeeded().rows
    assert rows == [
        ["1", '"ann"', "1.5", "[x, y]", "1", "2024-01-01"],
        ["2", "bob", None, "[z]", "3", "2024-01-01"],
        ["3", "carl", None, "[]", None, "2024-01-02"],
    ]


@pytest.fixture(scope="session")
def repaired(csv_table: Athena) -> Athena:
    """``@raw.csv`` with its partitions."""
    assert csv_table.run("select * from csv").succeeded().rows == []
    added = csv_table.run("MSCK REPAIR TABLE csv").succeeded().rows
    assert [row[0].rsplit(":", 1)[1] for row in added[1:] if row[0]] == ["dt=2024-01-01", "dt=2024-01-02"]
    assert csv_table.run("MSCK REPAIR TABLE csv").succeeded().rows == []
    return csv_table


@pytest.mark.parametrize("scenario", FORMATS, ids=[scenario.name for scenario in FORMATS])
def test_formats_and_ddl(athena: Athena, scenario: Scenario) -> None:
    _play(athena, scenario)


@pytest.mark.parametrize("scenario", WRITES, ids=[scenario.name for scenario in WRITES])
def test_writes_and_views(repaired: Athena, scenario: Scenario) -> None:
    _play(repaired, scenario)


def test_only_partitions_in_the_condition_are_read(repaired: Athena) -> None:
    everything = repaired.run("select count(name) from csv").succeeded()
    one = repaired.run("select count(name) from csv where dt='2024-01-02'").succeeded()
    assert one.rows == [["1"]]
    assert everything.scanned == sum(len(CSV_FILES[f"raw/csv/dt=2024-01-0{day}/a.csv"]) for day in (1, 2))
    assert one.scanned == len(CSV_FILES["raw/csv/dt=2024-01-02/a.csv"])


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SHOW DATABASES", "@raw"),
        ("SHOW TABLES IN @raw", "csv"),
        ("SHOW TABLES IN @raw 'cs*'", "csv"),
        ("SHOW PARTITIONS @raw.csv", "dt=2024-01-02"),
        ("DESCRIBE @raw.csv", "id                  \tbigint              \t                    "),
        ("DESCRIBE FORMATTED @raw.csv", "# Partition Information\t \t "),
        ("SHOW CREATE TABLE @raw.csv", "PARTITIONED BY ( "),
        ("SHOW COLUMNS IN @raw.csv", "dt"),
        ("SHOW TBLPROPERTIES @raw.csv", "skip.header.line.count\t1"),
        ("select table_name from information_schema.tables where table_schema='@raw'", "csv"),
        (
            "select data_type from information_schema.columns where table_name='csv' and column_name='m'",
            "map(varchar, integer)",
        ),
        ("select schema_name from information_schema.schemata", "@raw"),
        ("EXPLAIN SELECT count(*) FROM @raw.csv", "Query Plan"),
    ],
)
def test_metadata_statements(repaired: Athena, sql: str, expected: str) -> None:
    outcome = repaired.run(sql).succeeded()
    assert [repaired.text(expected)] in [*outcome.rows, outcome.header]


def test_show_create_table_makes_the_same_table(repaired: Athena) -> None:
    text = "\n".join(row[0] or "" for row in repaired.run("SHOW CREATE TABLE csv").succeeded().rows)
    repaired.run(text.replace(f"`{repaired.raw}.csv`", f"`{repaired.raw}`.`csv_again`")).succeeded()
    original, again = (
        repaired.glue.get_table(DatabaseName=repaired.raw, Name=name)["Table"] for name in ("csv", "csv_again")
    )
    for part in ("StorageDescriptor", "PartitionKeys"):
        assert original[part] == again[part]


def _play(athena: Athena, scenario: Scenario) -> None:
    for key, body in scenario.files.items():
        athena.put(key, body)
    for step in scenario.steps:
        _check(athena, step)


def _check(athena: Athena, step: Step) -> None:
    options: dict[str, Any] = {"ExecutionParameters": step.parameters} if step.parameters else {}
    outcome = athena.run(step.sql, database=step.database, **options)
    if isinstance(step.expected, str):
        outcome.failed(step.expected)
        return
    assert outcome.state == "SUCCEEDED", f"{step.sql}: {outcome.reason}"
    if step.expected is not None:
        wanted = [[value if value is None else athena.text(value) for value in row] for row in step.expected]
        assert outcome.rows == wanted, step.sql
