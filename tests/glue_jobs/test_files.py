"""Every kind of bad file has a clear state and message, loses nothing and stops no other file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from glue_jobs.cleaning import clean_day, load_contract
from glue_jobs.problems import ContractMismatch, NoInputFiles, SchemaMismatch, UnreadableFile
from tests.glue_jobs.conftest import KEY, Clean, CleanedDay, clean_files, job_arguments
from tests.glue_jobs.days import SALE, csv_bytes
from tests.glue_jobs.file_cases import FILE_CASES


def _file_name(case: str) -> str:
    return f"{case}.csv"


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> CleanedDay:
    """All cases in one delivery: a bad file must not touch its neighbours."""
    files = {_file_name(case): found.content for case, found in FILE_CASES.items()}
    return clean_files(spark, tmp_path_factory.mktemp("delivery"), files)


@pytest.mark.parametrize("case", FILE_CASES)
def test_state_and_message(case: str, delivery: CleanedDay) -> None:
    expected, found = FILE_CASES[case], delivery.file(_file_name(case))
    assert (found.state, found.landed, found.problem) == (expected.state, expected.landed, expected.problem)
    for words in expected.message:
        assert words in found.message
    if found.message:
        assert _file_name(case) in found.message
        assert "\n" not in found.message


@pytest.mark.parametrize("case", [case for case, found in FILE_CASES.items() if found.state == "refused"])
def test_refused_file_is_kept_byte_by_byte(case: str, delivery: CleanedDay) -> None:
    kept_at = delivery.file(_file_name(case)).kept_at
    assert kept_at.startswith(delivery.arguments.quarantine)
    assert Path(kept_at).read_bytes() == FILE_CASES[case].content


def test_rows_of_all_files_balance(delivery: CleanedDay) -> None:
    balance = delivery.rows.balance
    assert balance.landed == sum(case.landed for case in FILE_CASES.values())
    assert balance.landed == balance.published + balance.quarantined + balance.duplicates
    for found in delivery.rows.files:
        assert found.landed == found.published + found.quarantined + found.duplicates


@pytest.mark.parametrize("case", [case for case, found in FILE_CASES.items() if found.reasons])
def test_bad_record_is_quarantined_with_its_text(case: str, delivery: CleanedDay) -> None:
    rows = [row for row in delivery.quarantined_rows() if row["source_file"].endswith(_file_name(case))]
    assert tuple(reason for row in rows for reason in row["failed_rules"]) == FILE_CASES[case].reasons
    assert rows[0]["source_line"] == 3
    assert rows[0]["raw"]["_record"].startswith("536366,22633,")


def test_unknown_column_is_rescued_not_published(clean: Clean) -> None:
    day = clean({"a.csv": FILE_CASES["an unknown column"].content})
    assert day.file("a.csv").unknown_columns == ("Channel",)
    row = day.published().collect()[0].asDict()
    assert row["rescued"] == '{"Channel": "web"}'
    assert "channel" not in row


def test_missing_optional_column_is_null(clean: Clean) -> None:
    day = clean({"a.csv": FILE_CASES["an optional column missing"].content})
    assert day.file("a.csv").missing_columns == ("Description",)
    assert day.published().collect()[0]["description"] is None


@pytest.mark.parametrize("case", ["a required column missing", "another product", "a truncated gzip"])
def test_day_of_refused_files_only_fails_in_one_sentence(case: str, clean: Clean, tmp_path: Path) -> None:
    expected = FILE_CASES[case]
    kinds = {"SchemaMismatch": SchemaMismatch, "UnreadableFile": UnreadableFile}
    with pytest.raises(kinds[str(expected.problem)]) as raised:
        clean({"a.csv": expected.content, "empty.csv": b""})
    assert all(words in str(raised.value) for words in expected.message)
    assert (tmp_path / "quarantine" / "_refused_files" / "a.csv").read_bytes() == expected.content
    assert not (tmp_path / "staging").exists()


def test_every_refused_file_is_named(clean: Clean) -> None:
    other = FILE_CASES["another product"].content
    with pytest.raises(SchemaMismatch, match=r"a\.csv.*b\.csv"):
        clean({"a.csv": other, "b.csv": other})


def test_day_of_empty_files_is_no_crash(clean: Clean) -> None:
    day = clean({"a.csv": b"", "b.csv": csv_bytes()})
    assert day.rows.balance.landed == 0
    assert day.published().count() == 0
    assert [found.state for found in day.rows.files] == ["empty", "empty"]


def test_marker_alone_is_no_delivery(clean: Clean) -> None:
    with pytest.raises(NoInputFiles, match="holds no files"):
        clean({})


def test_awkward_file_names(clean: Clean) -> None:
    names = ["a b.csv", "50%.csv", "x[1]{2}.csv", "käse,=&.csv"]
    day = clean({name: csv_bytes(SALE.replace("536365", f"53636{n}")) for n, name in enumerate(names)})
    assert sorted(found.file for found in day.rows.files) == sorted(names)
    assert day.rows.balance.published == len(names)


def test_compiled_contract_of_another_layout(tmp_path: Path) -> None:
    wrong = tmp_path / "c.json"
    with pytest.raises(ContractMismatch, match="does not exist"):
        load_contract(str(wrong))
    wrong.write_text("{")
    with pytest.raises(ContractMismatch, match="is not JSON"):
        load_contract(str(wrong))
    wrong.write_text('{"format": 99}')
    with pytest.raises(ContractMismatch, match="layout 99, this job reads layout 3"):
        load_contract(str(wrong))


def test_a_contract_that_is_not_the_dags_stops_the_day_before_anything_is_written(
    spark: SparkSession, tmp_path: Path
) -> None:
    given = replace(job_arguments(tmp_path), contract_hash="0123456789abcdef")
    known = load_contract(given.contract).hash
    with pytest.raises(ContractMismatch, match=f"is contract {known}, but the DAG goes by contract 0123456789abcdef"):
        clean_day(spark, given, key=KEY)
    assert list(tmp_path.iterdir()) == []
    assert load_contract(given.contract, known).hash == known
