"""Laws of replays: what passes by now is published as if it had passed at once, and nothing gets lost on the way."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from glue_jobs.problems import CannotReplay
from glue_jobs.pseudonyms import PseudonymKey
from glue_jobs.quarantine import NEW, REJECTED, REJECTED_BY_PERSON, REPLAYED, fingerprint
from glue_jobs.retest import record_of
from tests.glue_jobs.conftest import CONTRACT
from tests.glue_jobs.days import HEADER, OTHER_SALE, SALE, csv_bytes, sale
from tests.glue_jobs.replays import TOO_STRICT, Replays, Version, strict_contract
from tests.glue_jobs.row_cases import ROW_CASES

ODD = sale(InvoiceNo="536370", Quantity="7")


@pytest.fixture(scope="module")
def day(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Replays:
    """Good and bad lines of every kind, several on one invoice, in two files, some of them twice."""
    chance = random.Random(5)
    lines = [line for line, _ in ROW_CASES.values() if not line.startswith("536365,85123A,LANTERN")]
    for number in range(120):
        lines.append(
            sale(
                InvoiceNo=str(536400 + number % 30),
                StockCode=f"{20000 + chance.randrange(60)}",
                Description=chance.choice(["PAPER LANTERN", "HAND WARMER", ""]),
                Quantity=str(chance.choice([1, 2, 3, 4, -1])),
                CustomerID=chance.choice(["17850.0", "17850", "12345", ""]),
            )
        )
    chance.shuffle(lines)
    files = {"a.csv": csv_bytes(*lines[:90]), "b.csv": csv_bytes(*lines[80:])}
    return Replays(spark, tmp_path_factory.mktemp("replays"), files)


@pytest.fixture(scope="module")
def strict(day: Replays) -> Version:
    return day.clean_strictly()


@pytest.fixture(scope="module")
def fresh(day: Replays) -> Version:
    """The day as the right contract would have cleaned it at once."""
    return day.clean("fresh")


@pytest.fixture(scope="module")
def replayed(day: Replays, strict: Version) -> tuple[Version, Version]:
    return day.replay(strict)


def small_day(spark: SparkSession, folder: Path, *lines: str, header: str = HEADER) -> Replays:
    return Replays(spark, folder, {"a.csv": csv_bytes(*lines, header=header)})


def rewrite(file: Path, rows: pa.Table) -> None:
    """Change a file of rows behind the job's back."""
    file.with_name(f".{file.name}.crc").unlink(missing_ok=True)
    # Spark believes the schema it has left in the file's metadata, and reads no nanoseconds, as pyarrow writes them.
    pq.write_table(rows.replace_schema_metadata(None), file, coerce_timestamps="us")
    session = SparkSession.getActiveSession()
    assert session is not None
    session.catalog.clearCache()  # a job of its own would have none


def test_replaying_all_rules_is_a_fresh_run_by_the_new_contract(
    strict: Version, fresh: Version, replayed: tuple[Version, Version]
) -> None:
    approved, _ = replayed
    assert len(strict.published()) < len(fresh.published())
    assert approved.published() == fresh.published()
    assert approved.open_reasons() == fresh.open_reasons()
    approved.assert_balances()
    told, wanted = approved.result(), fresh.result()
    for part in ("rows", "quarantined_by_reason", "row_rules", "metrics", "schema", "quarantine_percent"):
        assert told[part] == wanted[part], part
    # Only the new rows were searched for undeclared personal data.
    told, wanted = ({check["id"]: check for check in result["checks"]} for result in (told, wanted))
    assert told.keys() == wanted.keys()
    assert {name for name in told if told[name] != wanted[name]} <= {
        "personal_data_declared",
        "personal_data_classified",
    }


@pytest.mark.parametrize("rules", [list(TOO_STRICT), list(TOO_STRICT)[::-1]])
def test_replaying_rule_by_rule_in_any_order_is_replaying_all(
    day: Replays, strict: Version, fresh: Version, rules: list[str]
) -> None:
    version = strict
    for rule in rules:
        version, _ = day.replay(version, rule, name=f"{rules[0]}-then-{rule}")
        version.assert_balances()
    assert version.published() == fresh.published()
    assert version.open_reasons() == fresh.open_reasons()


def test_only_rows_of_the_rule_are_tested_again(day: Replays, strict: Version) -> None:
    version, _ = day.replay(strict, "quantity_even", name="one-rule")
    concerned = [row for row in strict.quarantined() if "quantity_even" in row["failed_rules"]]
    others = [row for row in strict.quarantined() if "quantity_even" not in row["failed_rules"]]
    assert version.result()["replay"]["selected"] == len(concerned)
    assert [row for row in others if row not in version.quarantined()] == []


def test_replaying_twice_is_replaying_once(day: Replays, replayed: tuple[Version, Version]) -> None:
    approved, _ = replayed
    again, _ = day.replay(approved, name="twice")
    told = again.result()
    assert told["replay"]["passing"] == 0
    assert told["rows"] == approved.result()["rows"]
    assert not (again.folder / "staging").exists(), "nothing passes, so there is no candidate"


def test_a_repeated_replay_writes_the_same(day: Replays, strict: Version, replayed: tuple[Version, Version]) -> None:
    approved, rejected = replayed
    before = approved.published(), approved.quarantined(), rejected.quarantined()
    day.replay(strict)
    assert (approved.published(), approved.quarantined(), rejected.quarantined()) == before


def test_every_quarantined_row_stays_known(strict: Version, replayed: tuple[Version, Version]) -> None:
    """No row leaves the quarantine: it is marked, and its payload stays."""
    for version in replayed:
        assert Counter(row["raw"] for row in version.quarantined()) == Counter(
            row["raw"] for row in strict.quarantined()
        )


def test_what_is_written_about_the_rows(replayed: tuple[Version, Version]) -> None:
    approved, rejected = replayed
    told = approved.result()
    passing, selected = told["replay"]["passing"], told["replay"]["selected"]
    assert set(TOO_STRICT) <= set(told["replay"]["passing_by_reason"])
    for version, status, count in ((approved, REPLAYED, passing), (rejected, REJECTED, selected)):
        decided = [row for row in version.quarantined() if row["status"] == status]
        assert len(decided) == count > 0
        assert {row["decision"] for row in decided} == {told["run_key"]}
        kept_reasons = [row for row in decided if set(row["failed_rules"]) & set(TOO_STRICT)]
        assert len(kept_reasons) == passing, "why the rows that pass were there is kept"
        others = [row for row in version.quarantined() if row["status"] != status]
        assert len(others) == selected - count
        assert all((row["status"], row["decision"]) == (NEW, None) for row in others)
        assert {row["contract_version"] for row in version.quarantined()} == {told["contract_version"]}
    assert all(row["failed_rules"].count(REJECTED_BY_PERSON) == 1 for row in rejected.quarantined())
    assert all(len(row["failed_rules"]) > 1 for row in rejected.quarantined()), "a person's word is no only reason"


def test_the_ledger_lines_balance_and_say_what_they_are_of(strict: Version, replayed: tuple[Version, Version]) -> None:
    prepared, selected = replayed[0].folder / "prepared", replayed[0].result()["replay"]["selected"]
    (approved,) = pq.read_table(prepared / "approved.ledger.parquet").to_pylist()
    (rejected,) = pq.read_table(prepared / "rejected.ledger.parquet").to_pylist()
    assert (approved["kind"], approved["rejected"]) == ("replay", 0)
    assert (rejected["kind"], rejected["rejected"]) == ("rejection", selected)
    for line in (approved, rejected):
        assert line["landed"] == line["published"] + line["quarantined"] + line["duplicates"]
        assert line["verdict"] == "published", "the day stays published by either decision"
    assert approved["published"] == len(replayed[0].published())
    assert rejected["published"] == len(strict.published())


def test_the_sample_shows_no_personal_data(replayed: tuple[Version, Version]) -> None:
    sample = replayed[0].result()["replay"]["sample"]
    assert sample
    assert "stock_code" in sample[0]
    assert "customer_id" not in sample[0]
    assert "17850" not in json.dumps(sample)


def test_rejected_records_stay_out_of_later_runs(
    day: Replays, strict: Version, replayed: tuple[Version, Version]
) -> None:
    rejections = replayed[0].folder / "prepared" / "rejections.json"
    later = day.clean("after-rejection", rejections=rejections)
    assert later.published() == strict.published()
    rejected = [row for row in later.quarantined() if row["status"] == REJECTED]
    assert {row["decision"] for row in rejected} == {replayed[0].result()["run_key"]}
    (line,) = pq.read_table(later.folder / "ledger" / "ledger.parquet").to_pylist()
    assert (line["kind"], line["rejected"]) == ("clean", len(rejected))
    assert {fingerprint(row["raw"]) for row in rejected} == set(json.loads(rejections.read_text())["fingerprints"])
    again, _ = day.replay(later, name="after-rejection-replayed")
    assert again.result()["replay"]["selected"] == 0, "what somebody rejected is not asked about again"


def test_rows_that_the_contract_still_refuses_can_be_rejected(spark: SparkSession, tmp_path: Path) -> None:
    """When the row was wrong and the contract is right, among them records that could not be split."""
    wrong = sale(InvoiceNo="536371", Quantity="many")
    replays = small_day(spark, tmp_path, SALE, OTHER_SALE, wrong, "536365,85123A,LANTERN", f"{SALE},more")
    base = replays.clean("right")
    approved, rejected = replays.replay(base)
    told = approved.result()
    assert (told["replay"]["selected"], told["replay"]["passing"]) == (3, 0)
    assert told["rows"] == base.result()["rows"]
    assert not (approved.folder / "staging").exists(), "nothing passes, so there is no candidate"
    assert not approved.quarantine.exists()

    reasons = [["quantity_unreadable"], ["record_wrong_field_count"], ["record_wrong_field_count"]]
    assert sorted(row["failed_rules"] for row in base.quarantined()) == reasons
    assert sorted(row["failed_rules"] for row in rejected.quarantined()) == [
        [*of_row, REJECTED_BY_PERSON] for of_row in reasons
    ]
    assert {(row["status"], row["decision"]) for row in rejected.quarantined()} == {(REJECTED, told["run_key"])}
    (line,) = pq.read_table(approved.folder / "prepared" / "rejected.ledger.parquet").to_pylist()
    assert (line["kind"], line["rejected"], line["published"], line["quarantined"]) == ("rejection", 3, 2, 3)

    later = replays.clean("after-rejection", rejections=approved.folder / "prepared" / "rejections.json")
    assert later.published() == base.published()
    assert [row["status"] for row in later.quarantined()] == [REJECTED] * 3
    assert later.result()["rejected"] == 3
    again, _ = replays.replay(later, name="again")
    assert again.result()["replay"]["selected"] == 0
    assert not (again.folder / "prepared").exists(), "there is nothing to decide any more"


def test_a_rejection_is_about_rows_of_the_rule_only(day: Replays, strict: Version) -> None:
    _, rejected = day.replay(strict, "quantity_even", name="one-rule-rejected")
    was = {(row["source_file"], row["source_line"]): row["failed_rules"] for row in strict.quarantined()}
    now = {(row["source_file"], row["source_line"]): row["status"] for row in rejected.quarantined()}
    assert {place for place, status in now.items() if status == REJECTED} == {
        place for place, rules in was.items() if "quantity_even" in rules
    }
    assert set(now.values()) == {NEW, REJECTED}


def test_generated_columns_are_made_anew_over_all_rows(spark: SparkSession, tmp_path: Path) -> None:
    lines = [sale(StockCode="1", Quantity="6"), sale(StockCode="2", Quantity="7"), sale(StockCode="3", Quantity="8")]
    replays = small_day(spark, tmp_path, *lines)
    strict = replays.clean_strictly()
    approved, _ = replays.replay(strict)
    rows = pq.read_table(approved.folder / "staging").to_pylist()
    assert [(row["stock_code"], row["line_no"]) for row in rows] == [("1", 1), ("2", 2), ("3", 3)]


def test_published_files_without_the_partition_column_are_read(spark: SparkSession, tmp_path: Path) -> None:
    """As Athena's CTAS leaves them: the day is in the folder's name only."""
    replays = small_day(spark, tmp_path, ODD, SALE, OTHER_SALE)
    strict = replays.clean_strictly()
    fresh = replays.clean("fresh")
    published = tmp_path / "curated"
    published.mkdir()
    rows = pq.read_table(strict.folder / "staging").drop_columns(["invoice_day", "rescued", "line_no"])
    rewrite(published / "data.parquet", rows)
    approved, _ = replays.replay(strict, base_folder=published)
    assert approved.published() == fresh.published()


def test_a_record_that_could_not_be_split_keeps_its_reason(spark: SparkSession, tmp_path: Path) -> None:
    replays = small_day(spark, tmp_path, ODD, SALE, "536365,85123A,LANTERN", f"{SALE},more")
    strict = replays.clean_strictly()
    approved, _ = replays.replay(strict)
    assert approved.result()["replay"]["failing_by_reason"] == {"record_wrong_field_count": 2}
    assert approved.open_reasons() == {("record_wrong_field_count",): 2}
    approved.assert_balances()


def test_a_record_with_a_nul_is_not_published_by_a_replay(spark: SparkSession, tmp_path: Path) -> None:
    replays = small_day(spark, tmp_path, ODD, SALE, OTHER_SALE.replace("HAND", "HA\x00ND"))
    strict = replays.clean_strictly()
    approved, _ = replays.replay(strict)
    assert approved.result()["replay"]["failing_by_reason"] == {"record_has_nul": 1}
    assert approved.open_reasons() == {("record_has_nul",): 1}
    approved.assert_balances()


@pytest.mark.parametrize("delivered", [{"InvoiceNo": "1\x00"}, {"_rescued": json.dumps({"Till": "\x00"})}])
def test_a_nul_of_a_row_that_was_quarantined_for_another_reason_is_found(delivered: dict[str, str]) -> None:
    record = record_of(json.dumps({"InvoiceNo": "1", **delivered}), "quantity_zero", 7, ["InvoiceNo"])
    assert (record.problem, record.text) == ("record_has_nul", None)


def test_a_column_that_was_unknown_is_found_among_the_rescued_values() -> None:
    raw = json.dumps({"InvoiceNo": "1", "_rescued": json.dumps({"channel": "web", "Till": "9"})})
    record = record_of(raw, "any", 7, ["InvoiceNo", "Quantity", "Channel"])
    assert record.values == ["1", None, "web"]
    assert json.loads(str(record.rescued)) == {"Till": "9"}
    assert (record.line, record.problem, record.text) == (7, None, None)


def test_a_fingerprint_does_not_change_when_a_contract_learns_a_column() -> None:
    before = json.dumps({"InvoiceNo": "1", "_rescued": json.dumps({"channel": "web"})})
    after = json.dumps({"Channel": "web", "InvoiceNo": "1"})
    assert fingerprint(before) == fingerprint(after)
    others = [{"InvoiceNo": "2", "Channel": "web"}, {"InvoiceNo": "1"}, {"InvoiceNo": "1", "Channel": ""}]
    assert fingerprint(before) not in {fingerprint(json.dumps(other)) for other in others}


def kept(delivered: dict[str, str], known: set[str]) -> str:
    """A payload as the cleaning job keeps it under a contract that knows some of the columns."""
    unknown = {name: value for name, value in delivered.items() if name not in known}
    rescued = {"_rescued": json.dumps(unknown)} if unknown else {}
    return json.dumps({name: value for name, value in delivered.items() if name in known} | rescued)


@pytest.mark.parametrize("seed", range(200))
def test_whatever_a_contract_knows_a_record_stays_the_same(seed: int) -> None:
    chance = random.Random(seed)
    names = ["InvoiceNo", "Quantity", "channel", "Till"]
    texts = ["", " ", "7", "-7", "\x00", "\u00fc", '"', "\\", "{}", "null", "a,b"]
    delivered = {name: chance.choice(texts) for name in chance.sample(names, chance.randint(1, 4))}
    before, after = ({name for name in names if chance.random() < 0.5} for _ in range(2))
    raw = kept(delivered, before)
    assert fingerprint(raw) == fingerprint(kept(delivered, after))
    columns = sorted(after)
    record = record_of(raw, "any", 1, columns)
    found = {name: value for name, value in zip(columns, record.values, strict=True) if value is not None}
    assert found | json.loads(record.rescued or "{}") == delivered


def test_nothing_selected_is_no_error(spark: SparkSession, tmp_path: Path) -> None:
    replays = small_day(spark, tmp_path, SALE.replace(",6,", ",7,"))
    strict = replays.clean("only-good")
    approved, _ = replays.replay(strict, "no_such_rule")
    assert approved.result()["replay"] | {"base_run_key": ""} == {
        "rule": "no_such_rule",
        "base_run_key": "",
        "base_contract_version": approved.result()["contract_version"],
        "selected": 0,
        "passing": 0,
        "passing_by_reason": {},
        "failing_by_reason": {},
        "sample": [],
    }


class TestRefused:
    """Whatever cannot be joined with published rows is refused, with what to do instead."""

    @pytest.fixture
    def replays(self, spark: SparkSession, tmp_path: Path) -> Replays:
        return small_day(spark, tmp_path, ODD, SALE, OTHER_SALE)

    def test_after_the_key_of_pseudonyms_was_rotated(self, replays: Replays) -> None:
        strict = replays.clean_strictly()
        with pytest.raises(CannotReplay, match=r"key version version-1.*version-2.*Run the day again"):
            replays.replay(strict, key=PseudonymKey(b"another key of at least 32 characters", "version-2"))

    def test_when_the_contract_protects_personal_data_otherwise(self, replays: Replays, tmp_path: Path) -> None:
        strict = replays.clean_strictly()
        document = json.loads(CONTRACT.read_text())
        (masked,) = [column for column in document["columns"] if column["masking"]]
        masked["masking"] |= {"domain": "another"}
        (tmp_path / "other.json").write_text(json.dumps(document))
        with pytest.raises(CannotReplay, match=r"protect personal data as contract 0\.9\.0 said.*Run the day again"):
            replays.replay(strict, contract=tmp_path / "other.json")

    def test_when_published_files_were_changed(self, replays: Replays) -> None:
        strict = replays.clean_strictly()
        (file,) = (strict.folder / "staging").glob("*.parquet")
        rewrite(file, pq.read_table(file).slice(0, 0))
        with pytest.raises(CannotReplay, match=r"holds 0 rows, its run published 1"):
            replays.replay(strict)

    def test_when_quarantined_rows_are_gone(self, replays: Replays) -> None:
        strict = replays.clean_strictly()
        shutil.rmtree(strict.quarantine)
        with pytest.raises(CannotReplay, match=r"holds 0 rows, its run left 2: retention or an erasure"):
            replays.replay(strict)

    def test_when_nobody_knows_what_landed(self, replays: Replays) -> None:
        strict = replays.clean_strictly()
        (strict.folder / "result.json").unlink()
        with pytest.raises(CannotReplay, match=r"result.json is gone"):
            replays.replay(strict)

    def test_when_the_contract_requires_a_column_that_is_not_there(self, replays: Replays, tmp_path: Path) -> None:
        strict = replays.clean_strictly()
        shutil.copytree(strict.folder / "staging", tmp_path / "old")
        (file,) = (tmp_path / "old").glob("*.parquet")
        rewrite(file, pq.read_table(file).drop_columns(["country"]))
        with pytest.raises(CannotReplay, match=r"no country, which the contract requires"):
            replays.replay(strict, base_folder=tmp_path / "old")


def test_the_strict_contract_differs_only_by_its_rules(tmp_path: Path) -> None:
    """Else the laws above would be about other things too."""
    changed = json.loads(strict_contract(tmp_path).read_text())
    assert [rule["id"] for rule in changed["row_rules"][-2:]] == list(TOO_STRICT)
