"""What a control plane was told survives its death."""

from __future__ import annotations

import json
import os
import pickle
import signal
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from moto.core.base_backend import BackendDict, BaseBackend

from local import control_plane, persistence
from local.clients import service_client
from local.errors import LocalAwsError
from local.persistence import Snapshots
from local.settings import LocalSettings, load_settings

ACCOUNT, REGION = "123456789012", "us-east-1"
RIGHTS = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture(scope="module")
def restarted(tmp_path_factory, no_spark) -> Any:
    """Clients of a control plane that made one thing in every service and was then killed and started again."""
    settings = load_settings(tmp_path_factory.mktemp("persistence"))
    control_plane.start(settings)
    try:
        create_one_of_each(settings)
        pid = control_plane.server(settings).pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        control_plane.start(settings)
        assert control_plane.server(settings).pid() != pid
        yield lambda service: service_client(service, settings)
    finally:
        control_plane.stop(settings)


def create_one_of_each(settings: LocalSettings) -> None:
    def client(service: str) -> Any:
        return service_client(service, settings)

    client("iam").create_role(RoleName="kept", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "b"}])
    client("iam").create_policy(PolicyName="kept", PolicyDocument=RIGHTS)
    client("iam").create_user(UserName="kept")
    topic = client("sns").create_topic(Name="kept")["TopicArn"]
    queue = client("sqs").create_queue(QueueName="kept", Attributes={"VisibilityTimeout": "7"})["QueueUrl"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:kept")
    client("sns").publish(TopicArn=topic, Message="before the kill")
    client("secretsmanager").create_secret(Name="kept", SecretString="hidden")
    client("secretsmanager").put_secret_value(SecretId="kept", SecretString="hidden 2")
    client("ssm").put_parameter(Name="/kept", Value="1", Type="String")
    client("events").put_rule(Name="kept", ScheduleExpression="rate(1 day)")
    client("events").put_targets(Rule="kept", Targets=[{"Id": "1", "Arn": topic}])
    client("cloudwatch").put_metric_alarm(
        AlarmName="kept",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    client("logs").create_log_group(logGroupName="/kept")
    client("logs").create_log_stream(logGroupName="/kept", logStreamName="s")
    client("logs").put_log_events(
        logGroupName="/kept", logStreamName="s", logEvents=[{"timestamp": int(time.time() * 1000), "message": "line"}]
    )
    assert queue.endswith("/kept")
    create_catalog(client)


def create_catalog(client: Any) -> None:
    glue, lake_formation = client("glue"), client("lakeformation")
    settings = lake_formation.get_data_lake_settings()["DataLakeSettings"]
    settings["DataLakeAdmins"] = [{"DataLakePrincipalIdentifier": f"arn:aws:iam::{ACCOUNT}:user/local-admin"}]
    lake_formation.put_data_lake_settings(DataLakeSettings=settings)
    storage = {"Columns": [{"Name": "a", "Type": "string"}], "Location": "s3://kept/t/"}
    glue.create_database(DatabaseInput={"Name": "kept", "Description": "d"})
    glue.create_table(
        DatabaseName="kept",
        TableInput={"Name": "t", "StorageDescriptor": storage, "PartitionKeys": [{"Name": "d", "Type": "string"}]},
    )
    glue.batch_create_partition(
        DatabaseName="kept",
        TableName="t",
        PartitionInputList=[{"Values": [str(number)], "StorageDescriptor": storage} for number in range(100)],
    )
    glue.create_job(Name="kept", Role="kept", Command={"Name": "glueetl", "ScriptLocation": "s3://kept/job.py"})
    glue.create_crawler(Name="kept", Role="kept", DatabaseName="kept", Targets={"S3Targets": [{"Path": "s3://kept/"}]})
    lake_formation.create_lf_tag(TagKey="kept", TagValues=["a", "b"])
    lake_formation.grant_permissions(
        Principal={"DataLakePrincipalIdentifier": f"arn:aws:iam::{ACCOUNT}:role/kept"},
        Resource={"Table": {"DatabaseName": "kept", "Name": "t"}},
        Permissions=["SELECT"],
    )
    output = {"ResultConfiguration": {"OutputLocation": "s3://kept/results/"}}
    client("athena").create_work_group(Name="kept", Configuration=output)


def test_iam(restarted):
    role = restarted("iam").get_role(RoleName="kept")["Role"]
    assert role["Tags"] == [{"Key": "a", "Value": "b"}]
    assert restarted("iam").get_user(UserName="kept")["User"]["UserName"] == "kept"
    assert (
        restarted("iam").get_policy(PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/kept")["Policy"]["PolicyName"] == "kept"
    )


def test_sns_still_delivers_to_sqs_and_old_messages_are_there(restarted):
    sqs, sns = restarted("sqs"), restarted("sns")
    sns.publish(TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:kept", Message="after the kill")
    queue = sqs.get_queue_url(QueueName="kept")["QueueUrl"]

    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]

    assert [json.loads(message["Body"])["Message"] for message in received] == ["before the kill", "after the kill"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert attributes == {"VisibilityTimeout": "7"}


def test_secrets_with_their_versions(restarted):
    secrets = restarted("secretsmanager")
    assert secrets.get_secret_value(SecretId="kept")["SecretString"] == "hidden 2"
    assert secrets.get_secret_value(SecretId="kept", VersionStage="AWSPREVIOUS")["SecretString"] == "hidden"


def test_parameters_can_be_read_and_new_ones_written(restarted):
    ssm = restarted("ssm")
    assert ssm.get_parameter(Name="/kept")["Parameter"]["Value"] == "1"
    ssm.put_parameter(Name="/new", Value="2", Type="String")
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="/new", Tags=[{"Key": "a", "Value": "b"}])
    assert ssm.get_parameter(Name="/new")["Parameter"]["Value"] == "2"


def test_events_rules_with_targets(restarted):
    targets = restarted("events").list_targets_by_rule(Rule="kept")["Targets"]
    assert [target["Arn"] for target in targets] == [f"arn:aws:sns:{REGION}:{ACCOUNT}:kept"]


def test_alarms(restarted):
    assert restarted("cloudwatch").describe_alarms(AlarmNames=["kept"])["MetricAlarms"][0]["MetricName"] == "m"


def test_log_events(restarted):
    events = restarted("logs").get_log_events(logGroupName="/kept", logStreamName="s")["events"]
    assert [event["message"] for event in events] == ["line"]
    restarted("logs").create_log_stream(logGroupName="/kept", logStreamName="s2")


def test_glue_catalog_jobs_and_crawlers(restarted):
    glue = restarted("glue")
    assert glue.get_database(Name="kept")["Database"]["Description"] == "d"
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName="kept", TableName="t")
    assert {partition["Values"][0] for page in pages for partition in page["Partitions"]} == set(map(str, range(100)))
    assert glue.get_job(JobName="kept")["Job"]["Command"]["ScriptLocation"] == "s3://kept/job.py"
    assert glue.get_crawler(Name="kept")["Crawler"]["State"] == "READY"


def test_lake_formation_grants_and_tags(restarted):
    lake_formation = restarted("lakeformation")
    grants = lake_formation.list_permissions(
        Principal={"DataLakePrincipalIdentifier": f"arn:aws:iam::{ACCOUNT}:role/kept"},
        Resource={"Table": {"DatabaseName": "kept", "Name": "t"}},
    )["PrincipalResourcePermissions"]
    assert [grant["Permissions"] for grant in grants] == [["SELECT"]]
    assert lake_formation.get_lf_tag(TagKey="kept")["TagValues"] == ["a", "b"]


def test_athena_workgroups(restarted):
    work_group = restarted("athena").get_work_group(WorkGroup="kept")["WorkGroup"]
    assert work_group["Configuration"]["ResultConfiguration"]["OutputLocation"] == "s3://kept/results/"


# --- the mechanism ---------------------------------------------------------------------------------------------------


class Shelf(BaseBackend):
    """A back end with everything that is hard to store."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.books: dict[str, Any] = {}
        self.counts: dict[str, int] = defaultdict(lambda: 7)
        self.lock = threading.Lock()
        self.closed = threading.Event()
        self.neighbour: Any = self

    def after_restore(self) -> None:
        self.books["restored"] = len(self.books)


@pytest.fixture
def shelves() -> Any:
    backends: BackendDict[Shelf] = BackendDict(Shelf, "shelf", use_boto3_regions=False, additional_regions=[REGION])
    yield backends
    if backends in BackendDict._instances:
        BackendDict._instances.remove(backends)


def reborn(backends: Any, folder: Path) -> Shelf:
    """The back end of a new process that reads the same folder."""
    for account in list(backends):
        del backends[account]
    Snapshots(folder).restore(lambda service: backends if service == "shelf" else None)
    shelf: Shelf = backends[ACCOUNT][REGION]
    return shelf


def test_locks_references_and_defaults_come_back_usable(shelves, tmp_path):
    before = shelves[ACCOUNT][REGION]
    before.books["a"] = {"nested": [1, 2]}
    before.counts["seen"] = 1
    before.closed.set()
    Snapshots(tmp_path).save("shelf")

    after = reborn(shelves, tmp_path)

    assert after is not before
    assert after.books == {"a": {"nested": [1, 2]}, "restored": 1}
    assert after.counts["seen"] == 1
    assert after.counts["new"] == 7
    assert after.neighbour is after
    assert after.closed.is_set()
    with after.lock:
        assert after.lock.locked()


def test_an_unchanged_back_end_is_not_written_again(shelves, tmp_path):
    snapshots = Snapshots(tmp_path)
    shelves[ACCOUNT][REGION].books["a"] = 1
    snapshots.save("shelf")
    first = (tmp_path / "shelf.pickle").stat().st_ino
    snapshots.save("shelf")
    assert (tmp_path / "shelf.pickle").stat().st_ino == first
    shelves[ACCOUNT][REGION].books["a"] = 2
    snapshots.save("shelf")
    assert (tmp_path / "shelf.pickle").stat().st_ino != first


def test_every_acknowledged_change_of_many_threads_is_on_disk(shelves, tmp_path):
    snapshots = Snapshots(tmp_path)
    shelf = shelves[ACCOUNT][REGION]
    missing: list[str] = []

    def write(writer: int) -> None:
        for number in range(40):
            shelf.books[f"{writer}/{number}"] = number
            snapshots.save("shelf")
            _, states = pickle.loads((tmp_path / "shelf.pickle").read_bytes())
            if f"{writer}/{number}" not in states[0][2]["books"]:
                missing.append(f"{writer}/{number}")

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert missing == []
    assert len(reborn(shelves, tmp_path).books) == 6 * 40 + 1


def test_a_reaction_runs_after_a_change_only(shelves, tmp_path, monkeypatch):
    monkeypatch.setattr(persistence, "_reactions", {})
    changes: list[int] = []
    persistence.when_changed("shelf", lambda: changes.append(len(shelves[ACCOUNT][REGION].books)))
    snapshots = Snapshots(tmp_path)
    shelves[ACCOUNT][REGION].books["a"] = 1
    snapshots.save("shelf")
    snapshots.save("shelf")
    assert changes == [1]


@pytest.mark.parametrize("content", [b"", b"not a pickle", pickle.dumps((99, []))])
def test_an_unreadable_snapshot_says_which_file_and_what_to_do(shelves, tmp_path, content):
    (tmp_path / "shelf.pickle").write_bytes(content)
    with pytest.raises(LocalAwsError) as refused:
        reborn(shelves, tmp_path)
    assert str(tmp_path / "shelf.pickle") in str(refused.value)
    assert "reset --yes" in str(refused.value)


def test_a_draft_left_by_a_kill_is_not_read(shelves, tmp_path):
    shelves[ACCOUNT][REGION].books["a"] = 1
    Snapshots(tmp_path).save("shelf")
    (tmp_path / "shelf.tmp").write_bytes(b"half")
    assert reborn(shelves, tmp_path).books["a"] == 1
