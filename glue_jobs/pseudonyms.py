"""Pseudonyms: a keyed hash, so that equal values stay equal and nobody without the key can guess them.

The key never is part of a query plan: plans show up in the Spark UI, its event log and error messages. It travels
inside the pickled function instead.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd
from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F

from glue_jobs.problems import PiiKeyUnavailable


@dataclass(frozen=True)
class PseudonymKey:
    """The key of one environment.

    :param secret: key bytes, never printed
    :param version: version id of the secret, stored with each run so that a rotation can be told
    """

    secret: bytes = field(repr=False)
    version: str


def read_key(secret_id: str, version: str | None = None) -> PseudonymKey:
    """Read the key from Secrets Manager; inside the job, because job arguments are visible in GetJobRun.

    :param secret_id: name or ARN
    :param version: version id of an earlier key, the current one when not given
    :raises PiiKeyUnavailable: if the secret cannot be read or is empty
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        wanted = {"VersionId": version} if version else {}
        answer = boto3.client("secretsmanager").get_secret_value(SecretId=secret_id, **wanted)
    except (BotoCoreError, ClientError) as error:
        raise PiiKeyUnavailable(
            f"Secret {secret_id} cannot be read ({error}): the job's role needs secretsmanager:GetSecretValue on it."
        ) from error
    secret = answer.get("SecretString", "").encode() or answer.get("SecretBinary", b"")
    if not secret:
        raise PiiKeyUnavailable(f"Secret {secret_id} is empty: store a random key of at least 32 characters.")
    return PseudonymKey(secret, answer["VersionId"])


def read_keys(secret_id: str, recorded: Mapping[str, str] | None = None) -> tuple[PseudonymKey, ...]:
    """Read the current key and every earlier one that Secrets Manager still has.

    It may delete a version without a label (Secrets Manager user guide, "Secret versions"), so what is recorded must be
    among them: values written with a lost key cannot be found.

    :param secret_id: name or ARN
    :param recorded: by version id of a key, what was written with it, in words
    :raises PiiKeyUnavailable: if the secret cannot be read or is empty, or has a recorded version no more
    """
    places = recorded or {}
    current = read_key(secret_id)
    earlier = (_kept_versions(secret_id) | places.keys()) - {current.version}
    return (current, *(_earlier_key(secret_id, version, places.get(version)) for version in sorted(earlier)))


def _kept_versions(secret_id: str) -> set[str]:
    """Return the ids of all versions with a value; one that a rotation has only begun may have none."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    client, found = boto3.client("secretsmanager"), []
    more: dict[str, str] | None = {}
    try:
        while more is not None:  # boto3 has no paginator for it
            page = client.list_secret_version_ids(SecretId=secret_id, IncludeDeprecated=True, **more)
            found += page.get("Versions", [])
            more = {"NextToken": page["NextToken"]} if page.get("NextToken") else None
    except (BotoCoreError, ClientError) as error:
        raise PiiKeyUnavailable(
            f"The versions of {secret_id} cannot be listed ({error}): the job's role needs "
            "secretsmanager:ListSecretVersionIds on it."
        ) from error
    return {version["VersionId"] for version in found if version.get("VersionStages") != ["AWSPENDING"]}


def _earlier_key(secret_id: str, version: str, places: str | None) -> PseudonymKey:
    try:
        return read_key(secret_id, version)
    except PiiKeyUnavailable as error:
        if places is None:
            raise
        raise PiiKeyUnavailable(
            f"Version {version} of the key in {secret_id} cannot be read any more, and {places} is written with it: "
            "nobody can be found there, so nothing was changed. Write published days again with the current key (clear "
            f"the task clean_rows of each day), or restore the version; then start again. {error}"
        ) from error


def pseudonym(key: PseudonymKey, domain: str, value: str) -> str:
    """Return HMAC-SHA256 of a value as 64 hexadecimal digits.

    :param key: key of the environment
    :param domain: values of different domains get unrelated pseudonyms
    :param value: the personal data
    """
    return hmac.new(key.secret, f"{domain}:{value}".encode(), hashlib.sha256).hexdigest()


def pseudonymiser(key: PseudonymKey, domain: str) -> Callable[[SparkColumn], SparkColumn]:
    """Return the function that replaces the values of a text column by their pseudonyms; NULL stays NULL.

    :param key: key of the environment
    :param domain: domain of the masking
    """

    @F.pandas_udf("string")
    def pseudonyms(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        known: dict[str, str] = {}  # customers repeat: one hash per customer and task
        for batch in batches:
            for value in batch.dropna().unique():
                if value not in known:
                    known[value] = pseudonym(key, domain, value)
            # Built as objects: Series.map of a batch without any customer has a type Arrow refuses as text.
            yield pd.Series([known.get(value) for value in batch], dtype=object)

    return pseudonyms  # type: ignore[no-any-return]
