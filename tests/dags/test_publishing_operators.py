"""Converting and publishing a version on the local Athena and Glue: repeated, after failures, after leftovers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException

from lake.operators.athena import AthenaStatementOperator, ConvertToParquetOperator
from lake.operators.partitions import PublishPartitionOperator
from tests.dags.running import context, run_task

if TYPE_CHECKING:
    from tests.conftest import LocalAws

DAY = "2010-12-01"
CTAS = """CREATE TABLE "staging"."{{helper}}"
WITH (format = 'PARQUET', external_location = '{{location}}') AS
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t (id, name)"""


@dataclass
class Version:
    """A version of one day of a table of the test's own.

    :param table: table in the database curated
    :param key: run key
    """

    aws: LocalAws
    table: str
    key: str

    @property
    def helper(self) -> str:
        return f"{self.table}_{self.key}"

    @property
    def location(self) -> str:
        return f"s3://{self.aws.name('curated')}/tests/{self.table}/invoice_day={DAY}/version={self.key}/"

    def convert(self, statement: str = CTAS, expected_rows: int = 2) -> ConvertToParquetOperator:
        """:return: the operator as the DAG has it, rendered"""
        query = statement.replace("{{helper}}", self.helper).replace("{{location}}", self.location)
        return ConvertToParquetOperator(
            task_id="convert_to_parquet",
            query=query,
            sql_values={"run_key": self.key, "location": self.location, "helper_table": self.helper},
            helper_database="staging",
            published=("curated", self.table, DAY),
            expected_rows=expected_rows,
            workgroup=self.aws.settings.name("")[:-1],
            sleep_time=0.1,
            deferrable=True,
        )

    def publish(self, **changes: Any) -> PublishPartitionOperator:
        """:return: the operator as the DAG has it, rendered"""
        arguments = {
            "database": "curated",
            "table": self.table,
            "value": DAY,
            "location": self.location,
            "version": self.key,
            "rows": 2,
            "helper_table": ("staging", self.helper),
        }
        return PublishPartitionOperator(task_id="publish_day", **{**arguments, **changes})

    def files(self) -> list[str]:
        """:return: keys of the version's files"""
        bucket, _, prefix = self.location.removeprefix("s3://").partition("/")
        return [
            entry["Key"]
            for entry in self.aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        ]

    def put(self, name: str, body: bytes) -> None:
        """Leave a file in the version's folder, as an attempt that broke off would."""
        bucket, _, prefix = self.location.removeprefix("s3://").partition("/")
        self.aws.client("s3").put_object(Bucket=bucket, Key=prefix + name, Body=body)

    def helper_exists(self) -> bool:
        """:return: whether the CTAS table is in the catalog"""
        glue = self.aws.client("glue", self.aws.name("airflow"))
        try:
            glue.get_table(DatabaseName="staging", Name=self.helper)
        except glue.exceptions.EntityNotFoundException:
            return False
        return True

    def shown(self) -> dict[str, Any]:
        """:return: what readers are shown for the day"""
        glue = self.aws.client("glue", self.aws.name("airflow"))
        answer = glue.get_partition(DatabaseName="curated", TableName=self.table, PartitionValues=[DAY])
        return {"location": answer["Partition"]["StorageDescriptor"]["Location"], **answer["Partition"]["Parameters"]}


@pytest.fixture
def version(aws: LocalAws) -> Version:
    """A fresh version of a fresh table."""
    table = f"t{uuid.uuid4().hex[:12]}"
    aws.client("glue", aws.name("airflow")).create_table(
        DatabaseName="curated",
        TableInput={
            "Name": table,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": "invoice_day", "Type": "date"}],
            "StorageDescriptor": {
                "Columns": [{"Name": "id", "Type": "int"}, {"Name": "name", "Type": "string"}],
                "Location": f"s3://{aws.name('curated')}/tests/{table}/",
                "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
            },
            "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        },
    )
    return Version(aws, table, uuid.uuid4().hex[:16])


def other(version: Version) -> Version:
    """:return: another version of the same day"""
    return Version(version.aws, version.table, uuid.uuid4().hex[:16])


def test_a_version_is_written_shown_and_its_helper_dropped(version: Version) -> None:
    run_task(version.convert())
    assert version.helper_exists()
    published = run_task(version.publish(key_version="key-7"))
    assert published == {"day": DAY, "rows": 2, "version": version.key}
    parameters = {"version": version.key, "rows": "2", "pii_key_version": "key-7"}
    assert version.shown() == {"location": version.location, **parameters}
    assert not version.helper_exists()
    assert version.files(), "dropping the helper table must not remove the published files"


def test_a_second_run_does_nothing(version: Version) -> None:
    run_task(version.convert())
    run_task(version.publish())
    files, shown = version.files(), version.shown()
    assert run_task(version.convert()) is None
    run_task(version.publish())
    assert (version.files(), version.shown()) == (files, shown)


def test_a_killed_attempt_is_joined_and_not_repeated(version: Version) -> None:
    first = run_task(version.convert())
    assert run_task(version.convert()) == first


@pytest.mark.parametrize("leftover", ["a file", "a table and files"])
def test_what_a_lost_attempt_left_behind_is_removed(version: Version, leftover: str) -> None:
    if leftover == "a file":
        version.put("half-written.parquet", b"PAR1")
    else:
        # As if Athena had forgotten the request token: the same work under another text.
        run_task(version.convert(CTAS + "\n-- an earlier form of the statement"))
    run_task(version.convert())
    run_task(version.publish())
    assert not [key for key in version.files() if "half-written" in key]
    assert version.shown()["version"] == version.key


def test_after_a_failed_attempt_the_next_one_runs(version: Version, aws: LocalAws) -> None:
    # A helper table of the same name in the way makes the first statement fail for good.
    aws.client("glue", aws.name("airflow")).create_table(
        DatabaseName="staging",
        TableInput={
            "Name": version.helper,
            "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "int"}], "Location": version.location},
        },
    )
    run_task(version.convert())
    run_task(version.publish())
    assert version.shown()["version"] == version.key


def test_a_new_version_replaces_the_day_and_the_old_files_stay(version: Version) -> None:
    newer = other(version)
    for each in (version, newer):
        run_task(each.convert())
        run_task(each.publish())
    assert newer.shown()["location"] == newer.location
    assert version.files(), "the day can be rolled back"
    run_task(version.publish())
    assert version.shown()["version"] == version.key


def test_a_replay_is_shown_only_in_the_place_of_what_it_was_made_from(version: Version) -> None:
    replay, meanwhile = other(version), other(version)
    for each in (version, replay, meanwhile):
        run_task(each.convert())
    run_task(version.publish())
    run_task(meanwhile.publish())
    with pytest.raises(AirflowFailException, match=r"has moved meanwhile.*Nothing was changed; start again"):
        run_task(replay.publish(replaces=version.location))
    assert version.shown()["version"] == meanwhile.key
    run_task(replay.publish(replaces=meanwhile.location, parameters={"root_version": meanwhile.key}))
    assert version.shown()["version"] == replay.key
    run_task(replay.publish(replaces=meanwhile.location))
    assert version.shown()["root_version"] == meanwhile.key, "a second time changes nothing"


def test_a_run_leaves_a_replay_of_its_own_rows_alone(version: Version) -> None:
    """Somebody clears an old run's publish_day after its quarantined rows were replayed."""
    replay = other(version)
    for each in (version, replay):
        run_task(each.convert())
    run_task(version.publish())
    run_task(replay.publish(replaces=version.location, parameters={"root_version": version.key}))
    run_task(version.publish())
    assert version.shown()["version"] == replay.key
    newer = other(version)
    run_task(newer.convert())
    run_task(newer.publish())
    assert version.shown()["version"] == newer.key, "another run has rows of its own"


def test_other_rows_than_the_job_published_are_never_shown(version: Version) -> None:
    with pytest.raises(AirflowFailException, match=r"Athena wrote 2 rows .* but the Glue job published 3"):
        run_task(version.convert(expected_rows=3))


def test_a_wrong_statement_fails_with_athenas_words_and_is_not_retried(version: Version) -> None:
    with pytest.raises(AirflowFailException, match="no_such_column"):
        run_task(version.convert(CTAS.replace("SELECT *", "SELECT no_such_column")))


def test_a_refused_principal_is_told_so(version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    from local.identity import access_key_for, secret_key_for

    outsider = version.aws.name("outsider")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key_for(outsider))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_key_for(outsider))
    with pytest.raises(AirflowFailException, match="AccessDenied"):
        run_task(version.publish())


def test_the_asset_event_says_which_version_of_which_day(version: Version) -> None:
    run_task(version.convert())
    asset = Asset(name=f"curated.{version.table}")
    given = context()
    run_task(version.publish(outlets=[asset]), given)
    assert given["outlet_events"][asset].extra == {"day": DAY, "rows": 2, "version": version.key}


def test_a_select_fails_with_athenas_words(aws: LocalAws) -> None:
    task = AthenaStatementOperator(
        task_id="count_lake",
        query="SELECT * FROM curated.no_such_table",
        workgroup=aws.settings.name("")[:-1],
        sleep_time=0.1,
        deferrable=True,
    )
    with pytest.raises(AirflowFailException, match="no_such_table"):
        run_task(task)
