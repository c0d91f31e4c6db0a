"""The Spark settings that AWS Glue brings on AWS and the laptop brings here. Scripts set none of them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from local.settings import LocalSettings

DRIVER_MEMORY = "2g"
CORES = 2


class InvalidSparkSetting(Exception):
    """The job's ``--conf`` argument cannot be read."""


def jvm_settings(settings: LocalSettings, jars: Sequence[Path], scratch: Path) -> dict[str, str]:
    """What is fixed when a JVM starts.

    :param jars: checked jars of S3A
    :param scratch: folder for shuffle files and upload buffers
    """
    return {
        "spark.master": f"local[{CORES}]",
        "spark.app.name": "glue",
        "spark.driver.memory": DRIVER_MEMORY,
        # Without these two Spark binds the machine's outside address
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraClassPath": ":".join(str(jar) for jar in jars),
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC -Djava.io.tmpdir={scratch} -XX:+UseSerialGC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.local.dir": str(scratch),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(4 * CORES),
        "spark.sql.catalogImplementation": "in-memory",
        **_s3a_settings(settings, scratch),
    }


def _s3a_settings(settings: LocalSettings, scratch: Path) -> dict[str, str]:
    """Scripts keep ``s3://`` as on Glue; S3A answers it."""
    s3a = {
        "endpoint": settings.s3_endpoint_url,
        "endpoint.region": settings.region,
        "path.style.access": "true",
        "connection.ssl.enabled": "false",
        "aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        "change.detection.mode": "none",
        "multipart.purge": "false",
        "bucket.probe": "0",
        "buffer.dir": str(scratch),
        # Else each task deletes the markers of all parent folders of its file, and SeaweedFS lets two that delete the
        # same keys wait for each other for a second. Hadoop 3.4's default; Glue leaves markers (_$folder$), too.
        "directory.marker.retention": "keep",
        # S3 is on this machine: when it does not answer it is down, and waiting for minutes helps nobody
        "attempts.maximum": "3",
        "retry.limit": "3",
        "connection.establish.timeout": "3000",
    }
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    } | {f"spark.hadoop.fs.s3a.{name}": value for name, value in s3a.items()}


def run_settings(
    job_name: str,
    credentials: tuple[str, str],
    environment: dict[str, str],
    python_files: Sequence[Path],
    folder: Path,
) -> dict[str, str]:
    """What changes from run to run.

    :param credentials: access key and secret key of the job's role
    :param environment: what Spark's Python workers get in their environment
    :param python_files: downloaded ``--extra-py-files``
    :param folder: private folder of the run
    """
    return {
        "spark.app.name": job_name,
        "spark.hadoop.fs.s3a.access.key": credentials[0],
        "spark.hadoop.fs.s3a.secret.key": credentials[1],
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.submit.pyFiles": ",".join(str(path) for path in python_files),
    } | {f"spark.executorEnv.{name}": value for name, value in environment.items()}


def settings_of_argument(argument: str) -> dict[str, str]:
    """Read Glue's ``--conf`` argument: ``a=b --conf c=d``.

    Source: AWS Glue guide, "Using job parameters", ``--conf``.

    :raises InvalidSparkSetting: not of this form, or not a Spark setting
    """
    found: dict[str, str] = {}
    for part in shlex.split(argument):
        if part == "--conf":
            continue
        name, separator, value = part.partition("=")
        if not separator or not name.startswith("spark."):
            raise InvalidSparkSetting(
                f"the job argument --conf is not understood at {part!r}: write spark.a=value --conf spark.b=value"
            )
        found[name] = value
    return found
