"""Personal data that nobody declared is found on a sample, held back, and told so that it can be repaired."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from glue_jobs.cleaning import clean_day
from glue_jobs.contracts import Column
from glue_jobs.personal_data import MIN_SAMPLE_ROWS, is_card, is_iban, kinds_of, suspect
from tests.glue_jobs.conftest import CONTRACT, KEY, REAL_DAYS, REPOSITORY, Clean, deliver, job_arguments
from tests.glue_jobs.days import SALE, csv_bytes, sale

NOT_PERSONAL = [
    "", "85123A", "WHITE HANGING HEART T-LIGHT HOLDER", "United Kingdom", "536365", "C536379", "3 FOR 2 @ 5.99",
    "12:30", "2010-12-01 08:26:00", "1.2.3", "256.1.1.1", "1.2.3.4.5", "4111111111111112", "0000000000000000",
    "00012345", "5012345678900", "DE89370400440532013001", "912-34-5678", "123-45-67890", "0123", "@home", "a@b",
    "SET/6 RED SPOTTY PAPER CUPS", "+", "(", "-0.001",
]  # fmt: skip
PERSONAL = [
    ("anna@example.com", "email"),
    ("write to Anna.Smith+shop@mail.example.co.uk, please", "email"),
    ("DE89370400440532013000", "iban"),
    ("pay to GB82 WEST 1234 5698 7654 32", "iban"),
    ("4111111111111111", "card"),
    ("5500 0000 0000 0004", "card"),
    ("3782-822463-10005", "card"),
    ("192.168.0.1", "ipv4"),
    ("123-45-6789", "ssn"),
    ("+44 20 7946 0958", "phone"),
    ("(030) 123 456 78", "phone"),
    ("0171 1234567", "phone"),
]


@pytest.mark.parametrize("value", NOT_PERSONAL)
def test_ordinary_value_is_not_personal(value: str) -> None:
    assert kinds_of(value) == set()


@pytest.mark.parametrize(("value", "kind"), PERSONAL)
def test_personal_value_is_recognised(value: str, kind: str) -> None:
    assert kinds_of(value) == {kind}


def test_candidate_that_fails_its_checksum_hides_nothing() -> None:
    assert kinds_of("AB12 3456 7890 1234 of anna@example.com") == {"email"}


def _column(check: str = "withhold", suspect_name: bool = False) -> Column:
    return Column("c", "C", "C", False, None, "string", False, None, check, suspect_name)


@pytest.mark.parametrize(
    ("values", "is_suspect"),
    [
        (["x"] * 96 + ["a@b.example"] * 4, False),
        (["x"] * 95 + ["a@b.example"] * 5, True),
        (["x"] * 50 + ["4111111111111111"] * 50, False),
        (["x"] * 40 + ["4111111111111111"] * 60, True),
        ([], False),
    ],
)
def test_a_column_is_judged_by_the_share_of_its_values(values: list[str], is_suspect: bool) -> None:
    assert (suspect(_column(), values) is not None) == is_suspect


def test_numbers_that_pass_luhn_by_chance_are_no_card_column() -> None:
    numbers = [str(4_000_000_000_000_000 + 7919 * place) for place in range(2000)]
    assert suspect(_column(), numbers) is None


def test_name_alone_holds_back_only_what_nobody_classified() -> None:
    assert suspect(_column(suspect_name=True), ["x"]) is not None
    assert suspect(_column("note", suspect_name=True), ["x"]) is None


def test_checksums_agree_with_those_of_the_contract_import() -> None:
    path = REPOSITORY / "dags" / "lake" / "contracts" / "personal.py"
    spec = importlib.util.spec_from_file_location("personal", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for value in ("DE89370400440532013000", "DE89370400440532013001", "GB82WEST12345698765432"):
        assert is_iban(value) == module.is_iban(value)
    for value in ("4111111111111111", "4111111111111112", "378282246310005"):
        assert is_card(value) == module.is_card(value)


def test_a_value_costs_microseconds() -> None:
    values = [value for value, _ in PERSONAL] * 500 + NOT_PERSONAL * 500
    started = time.perf_counter()
    for value in values:
        kinds_of(value)
    assert (time.perf_counter() - started) / len(values) < 50e-6, "1-5 us alone; ten times as much for a busy machine"


@pytest.fixture
def run_with(spark: SparkSession, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run the job on one file with a contract in which some columns are changed."""

    def run(content: bytes, **changed: dict[str, Any]) -> dict[str, Any]:
        document = json.loads(CONTRACT.read_text())
        document["quality_engines"] = []
        for column in document["columns"]:
            column.update(changed.get(column["name"], {}))
        contract = tmp_path / "contract.json"
        contract.write_text(json.dumps(document))
        deliver(tmp_path / "source", {"a.csv": content})
        arguments = job_arguments(tmp_path)
        clean_day(spark, type(arguments)(**{**vars(arguments), "contract": str(contract)}), key=KEY)
        found: dict[str, Any] = json.loads((tmp_path / "result.json").read_text())
        found["published"] = [row.asDict() for row in spark.read.parquet(arguments.staging).collect()]
        return found

    return run


def _check(result: dict[str, Any], check_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(check for check in result["checks"] if check["id"] == check_id)
    return found


def test_undeclared_mails_are_not_published(run_with: Callable[..., dict[str, Any]]) -> None:
    content = csv_bytes(SALE, sale(Description="ask anna@example.com", Quantity="7"))
    result = run_with(content, description={"personal_check": "withhold"})
    assert [row["description"] for row in result["published"]] == [None, None]
    assert result["personal_data"]["withheld_columns"] == ["description"]
    check = _check(result, "personal_data_declared")
    assert (check["success"], check["severity"]) == (False, "warning")
    assert check["observed"] == "description: 50 % of 2 sampled values look like email: published as NULL"
    assert "property: personal, value: false" in check["expected"]
    assert "anna" not in json.dumps({name: result[name] for name in result if name != "published"})


def test_a_column_readers_cannot_do_without_stops_the_day(run_with: Callable[..., dict[str, Any]]) -> None:
    result = run_with(csv_bytes(sale(Country="anna@example.com")), country={"personal_check": "withhold"})
    assert _check(result, "personal_data_declared")["severity"] == "error"


def test_what_is_computed_from_a_held_back_column_is_held_back(run_with: Callable[..., dict[str, Any]]) -> None:
    goods = {"expression": "description LIKE '%@%'", "required": False}
    content = csv_bytes(sale(Description="anna@example.com"))
    result = run_with(content, description={"personal_check": "withhold"}, is_goods=goods)
    assert result["personal_data"]["withheld_columns"] == ["description", "is_goods"]
    assert [(row["description"], row["is_goods"]) for row in result["published"]] == [(None, None)]
    assert "is_goods is computed from it" in _check(result, "personal_data_declared")["observed"]


def test_a_column_declared_not_personal_is_published(run_with: Callable[..., dict[str, Any]]) -> None:
    content = csv_bytes(sale(Description="anna@example.com"))
    result = run_with(content, description={"personal_check": "none"})
    assert [row["description"] for row in result["published"]] == ["anna@example.com"]
    assert _check(result, "personal_data_declared")["success"]


def test_a_column_classified_as_open_is_published_with_a_warning(run_with: Callable[..., dict[str, Any]]) -> None:
    result = run_with(csv_bytes(sale(Description="anna@example.com")))
    assert [row["description"] for row in result["published"]] == ["anna@example.com"]
    check = _check(result, "personal_data_classified")
    assert (check["success"], check["severity"]) == (False, "warning")


@pytest.mark.skipif(not REAL_DAYS.is_dir(), reason="the real days are not at hand")
@pytest.mark.parametrize("day", ["2010-12-01", "2011-11-14"])
def test_no_false_alarm_on_a_real_day_and_a_sample_is_enough(clean: Clean, day: str) -> None:
    cleaned = clean({"a.csv": (REAL_DAYS / f"{day}.csv").read_bytes()}, day)
    inspection = cleaned.rows.inspection
    assert inspection.suspicions == ()
    rows = cleaned.rows.balance.published
    wanted = min(rows, MIN_SAMPLE_ROWS)
    assert 0.7 * wanted <= inspection.sampled_rows <= 1.3 * wanted + 10
