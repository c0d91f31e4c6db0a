"""How a task fails: with the engine's own words, and without retries when a retry cannot help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowException, AirflowFailException

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# Error codes of AWS APIs that another attempt may get past; botocore has already retried them for some seconds.
HEALING_CODES = frozenset(
    {
        "ConcurrentModificationException",
        "ConcurrentRunsExceededException",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalServiceException",
        "OperationTimeoutException",
        "RequestLimitExceeded",
        "ResourceNumberLimitExceededException",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


def failure(message: str, *, heals: bool) -> AirflowException:
    """:param heals: whether another attempt may succeed without anybody changing anything
    :return: the exception to raise; Airflow does not retry the one for ``heals=False``
    """
    return AirflowException(message) if heals else AirflowFailException(message)


def refused_call(error: ClientError, doing: str, advice: str) -> AirflowException:
    """Turn a refused AWS call into a failure a person can act on.

    :param error: what botocore raised
    :param doing: what was attempted, for example ``start the crawler sluice-dev-landing``
    :param advice: what to do next
    """
    code = error.response["Error"]["Code"]
    text = error.response["Error"].get("Message", "")
    message = f"AWS refused to {doing}: {code}: {text} {advice}"
    return failure(message, heals=code in HEALING_CODES)
