"""What the contract says about single lines, and that no reason is left out."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from glue_jobs.conform import FAILED_RULES, RAW, add_rule_results
from glue_jobs.contracts import Contract
from glue_jobs.landing import PROBLEM
from tests.glue_jobs.conftest import Clean, CleanedDay, clean_files
from tests.glue_jobs.days import HEADER, OTHER_SALE, RETURN, SALE, csv_bytes, sale
from tests.glue_jobs.row_cases import ROW_CASES


@pytest.fixture(scope="module", params=["false", "true"], ids=["Spark 3 SQL", "ANSI SQL"])
def delivery(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, spark: SparkSession
) -> CleanedDay:
    """All cases in one delivery, one file each; in ANSI mode too, which is what Glue 6.0 (Spark 4) does."""
    files = {f"{case}.csv": csv_bytes(line) for case, (line, _) in ROW_CASES.items()}
    spark.conf.set("spark.sql.ansi.enabled", request.param)
    try:
        return clean_files(spark, tmp_path_factory.mktemp("delivery"), files)
    finally:
        spark.conf.set("spark.sql.ansi.enabled", "false")


def test_every_line_is_published_or_has_all_its_reasons(delivery: CleanedDay) -> None:
    rows = delivery.quarantined_rows()
    found = {}
    for case in ROW_CASES:
        outcome = delivery.file(f"{case}.csv")
        reasons = [row["failed_rules"] for row in rows if row["source_file"].endswith(f"/{case}.csv")]
        assert (outcome.landed, outcome.duplicates, outcome.quarantined) == (1, 0, len(reasons)), case
        found[case] = reasons[0] if reasons else []
    assert found == {case: reasons for case, (_, reasons) in ROW_CASES.items()}


def test_counts_by_reason_equal_the_rows_behind_them(delivery: CleanedDay) -> None:
    counted: dict[str, int] = {}
    for reasons in delivery.reasons():
        for reason in reasons:
            counted[reason] = counted.get(reason, 0) + 1
    assert delivery.rows.outcomes.failed == counted


def test_cases_cover_every_rule_that_quarantines(contract: Contract) -> None:
    rules = {rule.id for rule in (*contract.structure_rules, *contract.row_rules) if rule.severity == "error"}
    seen = {reason for _, reasons in ROW_CASES.values() for reason in reasons} | {"record_not_utf8"}
    # Derived columns without overflow, and varchar columns whose pattern is shorter than they are, cannot break.
    impossible = {"invoice_no_too_long", "country_too_long", "is_return_not_computable", "is_goods_not_computable"}
    assert rules - seen - impossible == {"invoice_day_not_computable"}


def test_published_values(clean: Clean) -> None:
    day = clean({"a.csv": csv_bytes(sale(InvoiceNo="c536379", StockCode=" post ", Quantity="-2", UnitPrice="2.5555"))})
    row = day.published().collect()[0].asDict()
    assert (row["invoice_no"], row["stock_code"], row["quantity"]) == ("C536379", "POST", -2)
    assert (str(row["unit_price"]), str(row["line_amount"])) == ("2.556", "-5.112")
    assert (row["is_return"], row["is_goods"], row["line_no"]) == (True, False, 1)
    assert (str(row["invoice_date"]), str(row["invoice_day"])) == ("2010-12-01 08:26:00", "2010-12-01")


def test_types_are_those_of_the_contract(clean: Clean, contract: Contract) -> None:
    found = dict(clean({"a.csv": csv_bytes(SALE)}).published().dtypes)
    assert found == {column.name: column.spark_type for column in contract.columns} | {"rescued": "string"}


def test_quarantined_row_keeps_what_was_delivered(clean: Clean) -> None:
    day = clean({"a.csv": csv_bytes(SALE, sale(Quantity=" six", CustomerID=""))})
    row = day.quarantined_rows()[0]
    assert row["raw"]["Quantity"] == " six"
    assert row["raw"]["CustomerID"] == ""
    assert row["source_line"] == 3
    assert (row["contract_version"], len(row["contract_hash"])) == ("1.0.0", 16)


def test_row_with_a_nul_keeps_what_was_delivered_and_nothing_of_it_is_published(clean: Clean) -> None:
    with_channel = f"{sale(InvoiceNo='536399')},we\x00b"
    day = clean(
        {
            "a.csv": csv_bytes(SALE, sale(Description="nul\x00byte")),
            "b.csv": csv_bytes(with_channel, header=f"{HEADER},Channel"),
        }
    )
    rows = {row["raw"]["InvoiceNo"]: row for row in day.quarantined_rows()}
    assert rows["536365"]["raw"]["Description"] == "nul\x00byte"
    assert json.loads(rows["536399"]["raw"]["_rescued"]) == {"Channel": "we\x00b"}
    assert {tuple(row["failed_rules"]) for row in rows.values()} == {("record_has_nul",)}
    assert day.rows.balance.published == 1
    for row in day.published().collect():
        assert not any("\x00" in str(value) for value in row)


def test_same_goods_twice_on_an_invoice_are_two_lines(clean: Clean) -> None:
    day = clean({"a.csv": csv_bytes(SALE, sale(Quantity="8"), RETURN, OTHER_SALE)})
    rows = day.published().select("invoice_no", "line_no", "quantity").collect()
    assert [tuple(row) for row in rows] == [("536365", 1, 6), ("536365", 2, 8), ("536366", 1, 6), ("C536379", 1, -1)]


def test_exact_copies_are_removed_and_counted_once_each(clean: Clean) -> None:
    bad = sale(Quantity="0")
    day = clean({"a.csv": csv_bytes(SALE, SALE, bad, "x"), "b.csv": csv_bytes(SALE, bad, "x")})
    balance = day.rows.balance
    assert (balance.landed, balance.published, balance.quarantined, balance.duplicates) == (7, 1, 2, 4)
    assert (day.file("a.csv").duplicates, day.file("b.csv").duplicates) == (1, 3)


def test_rules_decide_about_missing_values(spark: SparkSession, contract: Contract) -> None:
    """A predicate that is NULL for a NULL value would let the row pass without anybody having decided so."""
    columns = [F.lit(None).cast(column.spark_type).alias(column.name) for column in contract.columns]
    raw = F.struct(*[F.lit(None).cast("string").alias(name) for name in contract.landing.columns]).alias(RAW)
    empty = spark.range(1).select(*columns, raw, F.lit(None).cast("string").alias(PROBLEM))
    tests = [F.expr(str(rule.fails_when).replace("${ingest_date}", "DATE'2010-12-01'")) for rule in contract.row_rules]
    answers = empty.select(*tests).collect()[0]
    assert None not in list(answers)
    required = {f"{column.name}_missing" for column in contract.columns if column.required and column.source}
    from datetime import date

    failed = add_rule_results(empty, contract.row_rules, date(2010, 12, 1)).collect()[0][FAILED_RULES]
    assert set(failed) == required
