"""Environments over the end of the control plane: restored from the snapshot, and an interrupted change goes on."""

from __future__ import annotations

import pickle
import time
import uuid
from pathlib import Path

import pytest

from tests.conftest import LocalAws


@pytest.mark.parametrize(
    ("status", "wanted"),
    [("UPDATING", {"lake.env": "after"}), ("CREATING", None)],
)
def test_interrupted_change_goes_on(local_aws: LocalAws, tmp_path: Path, status: str, wanted: dict[str, str]) -> None:
    from dataclasses import replace

    from moto.core.base_backend import BackendDict

    from local.services.mwaa.airflow import RunningAirflows
    from local.services.mwaa.changes import Changes
    from local.services.mwaa.models import Environment, MwaaBackend
    from local.services.mwaa.rules import with_defaults

    bucket = f"sluice-restart-{uuid.uuid4().hex[:8]}"
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    settings = with_defaults(
        {
            "ExecutionRoleArn": local_aws.settings.role_arn("airflow"),
            "SourceBucketArn": f"arn:aws:s3:::{bucket}",
            "DagS3Path": "dags",
            "AirflowConfigurationOptions": {"lake.env": "before"},
            "LoggingConfiguration": {},
        }
    )
    environment = Environment("probe", "arn:aws:airflow:us-east-1:123456789012:environment/probe", settings, {}, status)
    environment.last_update = {"Status": "PENDING"}
    environment.wanted = settings | ({"AirflowConfigurationOptions": wanted} if wanted else {})

    # What a restart does: the state comes from the snapshot, the threads are gone.
    restored = pickle.loads(pickle.dumps(environment))
    backend = BackendDict(MwaaBackend, "mwaa")["123456789012"]["us-east-1"]
    backend.environments = {"probe": restored}
    here = replace(local_aws.settings, state_dir=tmp_path)
    Changes(here, backend, RunningAirflows(here)).resume()
    deadline = time.monotonic() + 60
    while restored.status != "AVAILABLE":
        assert time.monotonic() < deadline, restored
        time.sleep(0.05)
    assert restored.settings["AirflowConfigurationOptions"] == (wanted or {"lake.env": "before"})
    assert restored.wanted is None
    s3.delete_bucket(Bucket=bucket)
