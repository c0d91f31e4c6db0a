"""Names that differ between environments. They come from Airflow's configuration section ``[lake]``.

MWAA sets that section by configuration options (``lake.prefix``), the laptop by ``AIRFLOW__LAKE__PREFIX``; nobody edits
Python to deploy. Reading it needs neither the metadata database nor AWS, so it may happen at parse time.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow.sdk import conf

SECTION = "lake"


def polls(seconds: float, every: float) -> int:
    """:return: how many looks it takes to watch something for so long, at least one"""
    return max(1, round(seconds / every))


@dataclass(frozen=True)
class LakeSettings:
    """The names of one environment of the lake; ``mwaa/cloudformation/lake.yaml`` creates what they name.

    :param prefix: first part of every name, unique in AWS because bucket names are
    :param env: environment, ``dev`` or ``prod``
    :param poll_seconds: seconds between two looks at something that runs in AWS
    :param alerts_topic_arn: SNS topic for failures; empty means that failures are only logged
    """

    prefix: str
    env: str
    poll_seconds: float
    alerts_topic_arn: str

    def name(self, subject: str) -> str:
        """:return: the environment's name for a bucket, role, job or crawler: ``sluice-dev-<subject>``"""
        return f"{self.prefix}-{self.env}-{subject}"

    def bucket(self, zone: str) -> str:
        """:param zone: landing, staging, curated, quarantine, governance, athena or artifacts"""
        return self.name(zone)

    def uri(self, zone: str, key: str) -> str:
        """:return: S3 address of a key in a zone; the key may hold Jinja"""
        return "s3://" + self.bucket(zone) + "/" + key

    def secret(self, name: str) -> str:
        """:return: name of a secret in Secrets Manager"""
        return f"{self.prefix}/{self.env}/{name}"

    def polls(self, seconds: int) -> int:
        """:return: how many looks it takes to watch something for so long"""
        return polls(seconds, self.poll_seconds)

    @property
    def workgroup(self) -> str:
        """Name of the Athena workgroup and of the Redshift Serverless workgroup."""
        return f"{self.prefix}-{self.env}"

    @property
    def warehouse_database(self) -> str:
        """Redshift database that holds the marts."""
        return "lake"


def read_settings() -> LakeSettings:
    """:return: what ``[lake]`` says, with the laptop's names where it says nothing"""
    return LakeSettings(
        prefix=conf.get(SECTION, "prefix", fallback="sluice"),
        env=conf.get(SECTION, "env", fallback="dev"),
        poll_seconds=conf.getfloat(SECTION, "poll_seconds", fallback=30.0),
        alerts_topic_arn=conf.get(SECTION, "alerts_topic_arn", fallback=""),
    )


LAKE = read_settings()
