"""Glue's state outlives the control plane, also one that was killed; what was going on is marked FAILED."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.clients import service_client
from local.settings import LocalSettings, free_ports
from tests.conftest import LOCAL_PYTHON, REPOSITORY
from tests.local import rights
from tests.local.glue.data_quality.quality_bench import RUN_RIGHTS

_PATIENCE_SECONDS = 120


@contextmanager
def control_plane(settings: LocalSettings) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "SLUICE_GLUE_PREWARM": "0"}
    command = [str(LOCAL_PYTHON), "-m", "local.server", "--state", str(settings.state_dir)]
    server = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL)
    try:
        wait_until_it_serves(settings, server)
        yield server
    finally:
        server.kill()
        server.wait()


def wait_until_it_serves(settings: LocalSettings, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, "the control plane ended"
        try:
            urllib.request.urlopen(settings.endpoint_url + "/_sluice/health", timeout=5).close()
        except urllib.error.URLError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the control plane does not answer")


def build(settings: LocalSettings) -> tuple[str, str]:
    """A database, a table with a partition; a job run, a crawl and an evaluation run that hang, as S3 never answers.

    :return: ids of the job run and of the evaluation run
    """
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}}],
    }
    trust["Statement"][0]["Action"] = "sts:AssumeRole"  # type: ignore[index]
    iam: Any = service_client("iam", settings)
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))
    rights.give(iam, "worker", *rights.CHANGE_CATALOG, *RUN_RIGHTS)
    glue: Any = service_client("glue", settings)
    glue.create_database(DatabaseInput={"Name": "kept"})
    table = {"Name": "numbers", "PartitionKeys": [{"Name": "day", "Type": "string"}]}
    glue.create_table(DatabaseName="kept", TableInput=table)
    glue.create_partition(DatabaseName="kept", TableName="numbers", PartitionInput={"Values": ["1"]})
    command = {"Name": "glueetl", "ScriptLocation": "s3://bucket/script.py"}
    glue.create_job(Name="hangs", Role="worker", Command=command)
    glue.create_crawler(
        Name="hangs", Role="worker", DatabaseName="kept", Targets={"S3Targets": [{"Path": "s3://bucket/data/"}]}
    )
    glue.start_crawler(Name="hangs")
    run: str = glue.start_job_run(JobName="hangs")["JobRunId"]
    assert glue.get_job_run(JobName="hangs", RunId=run)["JobRun"]["JobRunState"] == "STARTING"
    assert glue.get_crawler(Name="hangs")["Crawler"]["State"] == "RUNNING"
    return run, start_evaluation(settings, glue)


def start_evaluation(settings: LocalSettings, glue: Any) -> str:
    """:return: id of the run, which reads a table by now"""
    location = {"Columns": [{"Name": "id", "Type": "int"}], "Location": "s3://bucket/rows/"}
    glue.create_table(DatabaseName="kept", TableInput={"Name": "rows", "StorageDescriptor": location})
    lake_formation: Any = service_client("lakeformation", settings)
    lake_formation.grant_permissions(
        Principal={"DataLakePrincipalIdentifier": "arn:aws:iam::123456789012:role/worker"},
        Resource={"Table": {"DatabaseName": "kept", "Name": "rows"}},
        Permissions=["SELECT"],
    )
    glue.create_data_quality_ruleset(Name="kept", Ruleset="Rules = [ RowCount > 0 ]", Tags={"team": "lake"})
    source = {"GlueTable": {"DatabaseName": "kept", "TableName": "rows"}}
    run: str = glue.start_data_quality_ruleset_evaluation_run(
        DataSource=source, Role="worker", RulesetNames=["kept"], ClientToken="once"
    )["RunId"]
    while (state := glue.get_data_quality_ruleset_evaluation_run(RunId=run)["Status"]) == "STARTING":
        time.sleep(0.05)
    assert state == "RUNNING"
    return run


def test_killed_control_plane(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent_s3:
        port, postgres = free_ports(2)
        settings = LocalSettings(
            state_dir=tmp_path,
            control_plane_port=port,
            s3_port=silent_s3.getsockname()[1],
            s3_internal_ports=(),
            postgres_port=postgres,
        )
        settings.save()
        with control_plane(settings) as server:
            runs = build(settings)
            server.send_signal(signal.SIGKILL)
            server.wait()
        with control_plane(settings):
            check(settings, *runs)


def check(settings: LocalSettings, run_id: str, evaluation_id: str) -> None:
    glue: Any = service_client("glue", settings)
    evaluation = glue.get_data_quality_ruleset_evaluation_run(RunId=evaluation_id)
    assert (evaluation["Status"], evaluation["RulesetNames"]) == ("FAILED", ["kept"])
    assert "stopped while this run read its table" in evaluation["ErrorString"]
    assert glue.get_data_quality_ruleset(Name="kept")["Ruleset"] == "Rules = [ RowCount > 0 ]"
    assert len(glue.list_data_quality_rulesets(Tags={"team": "lake"})["Rulesets"]) == 1
    again = glue.start_data_quality_ruleset_evaluation_run(
        DataSource=evaluation["DataSource"], Role="worker", RulesetNames=["kept"], ClientToken="once"
    )
    assert again["RunId"] == evaluation_id
    run = glue.get_job_run(JobName="hangs", RunId=run_id)["JobRun"]
    assert run["JobRunState"] == "FAILED"
    assert "local AWS was stopped while this job ran" in run["ErrorMessage"]
    crawler = glue.get_crawler(Name="hangs")["Crawler"]
    assert (crawler["State"], crawler["LastCrawl"]["Status"]) == ("READY", "FAILED")
    assert "stopped while this crawl ran" in crawler["LastCrawl"]["ErrorMessage"]
    partitions = glue.get_partitions(DatabaseName="kept", TableName="numbers")["Partitions"]
    assert [partition["Values"] for partition in partitions] == [["1"]]
    # The limit of concurrent runs counts only what runs
    glue.start_job_run(JobName="hangs")
