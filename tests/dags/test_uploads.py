"""Uploads with the boto3 that MWAA has."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import LocalAws

_UPLOADS = """
import boto3, sys
from botocore.config import Config

s3 = boto3.client("s3", config=Config(read_timeout=10, retries={"max_attempts": 0}, s3={"addressing_style": "path"}))
for name, body in (("days.csv", b""), ("after.csv", b"a,b"), ("last.csv", b"a,b")):
    s3.put_object(Bucket=sys.argv[1], Key=f"loads/uploads_test/{name}", Body=body)
print(s3.get_object(Bucket=sys.argv[1], Key="loads/uploads_test/after.csv")["Body"].read().decode())
"""


def test_an_upload_after_an_empty_one_does_not_hang(local_aws: LocalAws) -> None:
    from local.environment import airflow_environment

    ended = subprocess.run(
        [sys.executable, "-c", _UPLOADS, local_aws.name("governance")],
        env=airflow_environment(local_aws.settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("a,b\n", "")
