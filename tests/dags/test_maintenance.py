"""What is old and not shown is deleted; what is shown is not, whatever its age."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from hypothesis import given
from hypothesis import strategies as st

from lake.contracts import contract
from lake.operators import maintenance
from lake.operators.maintenance import ExpireQuarantineOperator, RemoveVersionsOperator
from lake.retention import KEPT_SINCE, StoredVersion, has_expired, needed, outdated, versions

if TYPE_CHECKING:
    from lake.contracts import Contract
    from tests.conftest import LocalAws

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RETENTION = timedelta(days=contract("online_retail").quarantine.retention_days)
LATER = datetime.now(UTC) + RETENTION + timedelta(days=1)


def stored(day: str, run: str, age_days: int) -> StoredVersion:
    written = NOW - timedelta(days=age_days)
    return StoredVersion(day, f"s3://b/p/ingest_date={day}/run_key={run}/", written, written)


def shows(location: str, **parameters: str) -> dict[str, Any]:
    return {"StorageDescriptor": {"Location": location}, "Parameters": parameters}


def test_only_folders_of_runs_are_versions() -> None:
    day = "p/ingest_date=2010-12-01"
    others = ("p/notes.txt", f"{day}/loose", "p/other/run_key=a/x", "p/month=2010-12/run_key=a/x")
    keys = (f"{day}/run_key=a/x", f"{day}/run_key=a/_refused_files/y", *others)
    found = versions("b", "p/", "ingest_date", [{"Key": key, "LastModified": NOW} for key in keys])
    assert [(version.day, version.location) for version in found] == [
        ("2010-12-01", "s3://b/p/ingest_date=2010-12-01/run_key=a/")
    ]


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 60)), min_size=1, unique_by=lambda entry: entry[0]),
    st.integers(0, 60),
    st.sampled_from("abcd"),
)
def test_what_is_shown_is_needed_and_what_is_young_is_not_outdated(
    runs: list[tuple[str, int]], keep: int, shown: str
) -> None:
    all_versions = [stored("2010-12-01", run, age) for run, age in runs]
    partition = shows(f"s3://b/p/ingest_date=2010-12-01/run_key={shown}/", base_location="s3://b/base/")
    old = outdated(all_versions, NOW, timedelta(days=keep))
    gone = [version for version in old if version.location not in needed(partition)]
    kept = [version for version in all_versions if version not in gone]
    assert {version.location for version in all_versions if version.location.endswith(f"={shown}/")} <= {
        version.location for version in kept
    }
    assert all(NOW - version.newest > timedelta(days=keep) for version in gone)
    assert "s3://b/base/" in needed(partition)
    assert needed(None) == set()


@pytest.mark.parametrize(
    ("partition", "age_days", "expired"),
    [
        (shows("s3://b/p/ingest_date=d/run_key=a/"), 366, True),
        (shows("s3://b/p/ingest_date=d/run_key=a/"), 364, False),
        # A replay of yesterday, of rows that were quarantined a year ago.
        (shows("s3://b/p/ingest_date=d/run_key=a/", **{KEPT_SINCE: "2025-05-01T00:00:00+00:00"}), 1, True),
        (shows("s3://b/p/ingest_date=d/run_key=a/", **{KEPT_SINCE: ""}), 1, False),
        # Rows that no partition shows any more, because a run was killed half-way.
        (None, 366, True),
        # A partition without rows.
        (shows("s3://b/p/ingest_date=d/run_key=none/"), 366, False),
    ],
)
def test_the_age_of_quarantined_rows(partition: dict[str, Any] | None, age_days: int, expired: bool) -> None:
    assert has_expired(partition, [stored("d", "a", age_days)], NOW, timedelta(days=365)) is expired


@dataclass
class Zone:
    """A product of the test's own in one zone."""

    aws: LocalAws
    terms: Contract
    zone: str

    def location(self, day: str, run: str) -> str:
        return f"s3://{self.aws.name(self.zone)}/{self.terms.landing_prefix}ingest_date={day}/run_key={run}/"

    def put(self, day: str, run: str) -> None:
        bucket, _, prefix = self.location(day, run).removeprefix("s3://").partition("/")
        self.aws.client("s3").put_object(Bucket=bucket, Key=f"{prefix}rows.parquet", Body=b"PAR1")

    def show(self, day: str, run: str, table: str = "", **parameters: str) -> None:
        self.aws.client("glue", self.aws.name("airflow")).create_partition(
            DatabaseName=self.zone,
            TableName=table or self.terms.product,
            PartitionInput={
                "Values": [day],
                "StorageDescriptor": {"Columns": [{"Name": "raw", "Type": "string"}],
                                      "Location": self.location(day, run)},
                "Parameters": parameters,
            },
        )  # fmt: skip

    def create_table(self, name: str) -> None:
        self.aws.client("glue", self.aws.name("airflow")).create_table(
            DatabaseName=self.zone,
            TableInput={
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "PartitionKeys": [{"Name": "ingest_date", "Type": "string"}],
                "StorageDescriptor": {
                    "Columns": [{"Name": "raw", "Type": "string"}],
                    "Location": f"s3://{self.aws.name(self.zone)}/{name}/",
                },
            },
        )

    def left(self) -> set[str]:
        """Runs whose files are there, by day."""
        listed = self.aws.client("s3").list_objects_v2(
            Bucket=self.aws.name(self.zone), Prefix=self.terms.landing_prefix
        )
        keys = [entry["Key"].split("/") for entry in listed.get("Contents", [])]
        return {f"{parts[1].partition('=')[2]} {parts[2].partition('=')[2]}" for parts in keys}

    def shown(self) -> set[str]:
        """Days that have a partition."""
        glue = self.aws.client("glue", self.aws.name("airflow"))
        found = glue.get_partitions(DatabaseName=self.zone, TableName=self.terms.product)["Partitions"]
        return {partition["Values"][0] for partition in found}


@pytest.fixture
def quarantine(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Zone:
    name = f"t{uuid.uuid4().hex[:12]}"
    terms = replace(contract("online_retail"), product=name, landing_prefix=f"{name}/")
    monkeypatch.setattr(maintenance, "contract", lambda _product: terms)
    zone = Zone(aws, terms, "quarantine")
    zone.create_table(name)
    return zone


def test_rows_are_deleted_after_the_retention_and_not_before(quarantine: Zone) -> None:
    quarantine.put("2010-12-01", "a")
    quarantine.show("2010-12-01", "a")
    quarantine.put("2010-12-02", "b")
    quarantine.show("2010-12-02", "b", **{KEPT_SINCE: (datetime.now(UTC) - RETENTION).isoformat()})
    expire = ExpireQuarantineOperator(task_id="expire_quarantine", product=quarantine.terms.product)
    assert expire.remove(datetime.now(UTC)) == [quarantine.location("2010-12-02", "b")]
    assert (quarantine.left(), quarantine.shown()) == ({"2010-12-01 a"}, {"2010-12-01"})
    expire.remove(LATER)
    assert (quarantine.left(), quarantine.shown()) == (set(), set())
    assert expire.remove(LATER) == [], "a second time there is nothing left"


@pytest.mark.parametrize("days", [-5, 0, True, 0.5, None])
def test_a_retention_that_is_not_positive_deletes_nothing(
    days: Any, quarantine: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = replace(quarantine.terms.quarantine, retention_days=days)
    wrong = replace(quarantine.terms, quarantine=policy)
    monkeypatch.setattr(maintenance, "contract", lambda _product: wrong)
    quarantine.put("2010-12-01", "a")
    quarantine.show("2010-12-01", "a")
    expire = ExpireQuarantineOperator(task_id="expire_quarantine", product=quarantine.terms.product)
    with pytest.raises(AirflowFailException, match="retentionDays"):
        expire.remove(LATER)
    assert (quarantine.left(), quarantine.shown()) == ({"2010-12-01 a"}, {"2010-12-01"})


def test_versions_that_are_not_shown_go_and_the_others_stay(quarantine: Zone) -> None:
    for run in ("old", "base", "shown", "set-aside"):
        quarantine.put("2010-12-01", run)
    quarantine.show("2010-12-01", "shown", base_quarantine=quarantine.location("2010-12-01", "base"))
    quarantine.create_table(f"{quarantine.terms.product}_v1")
    quarantine.show("2010-12-01", "set-aside", table=f"{quarantine.terms.product}_v1")
    given = {"product": quarantine.terms.product, "zone": "quarantine", "keep_days": "30"}
    assert RemoveVersionsOperator(task_id="remove_versions", **given).remove(datetime.now(UTC)) == []
    told = RemoveVersionsOperator(task_id="remove_versions", **given, only_tell="True").remove(LATER)
    assert told == [quarantine.location("2010-12-01", "old")]
    assert len(quarantine.left()) == 4, "a dry run deletes nothing"
    RemoveVersionsOperator(task_id="remove_versions", **given).remove(LATER)
    assert quarantine.left() == {"2010-12-01 base", "2010-12-01 shown", "2010-12-01 set-aside"}
