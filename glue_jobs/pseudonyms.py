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
    """Read the current key, the one before if it was ever rotated, and every other that something still records.

    :param secret_id: name or ARN
    :param recorded: by version id of a key, what was written with it, in words
    :raises PiiKeyUnavailable: if the secret cannot be read or is empty, or has a recorded version no more
    """
    import boto3

    client = boto3.client("secretsmanager")
    keys = [read_key(secret_id)]
    try:
        # Secrets Manager keeps the label of the version before; older ones have none, and are read by their id.
        answer = client.get_secret_value(SecretId=secret_id, VersionStage="AWSPREVIOUS")
        keys.append(read_key(secret_id, answer["VersionId"]))
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise PiiKeyUnavailable(f"The previous key in {secret_id} cannot be read ({error}).") from error
    for version, places in sorted((recorded or {}).items()):
        if version not in {key.version for key in keys}:
            keys.append(_recorded_key(secret_id, version, places))
    return tuple(keys)


def _recorded_key(secret_id: str, version: str, places: str) -> PseudonymKey:
    try:
        return read_key(secret_id, version)
    except PiiKeyUnavailable as error:
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
