"""Log files where and as CloudTrail delivers them (user guide, "CloudTrail log file examples")."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from local.clients import service_client
from local.cloudtrail.records import Call, record
from local.settings import LocalSettings

# CloudTrail delivers about every five minutes; here a file holds an hour.
_FILE_SPAN = timedelta(hours=1)
BUCKET = "logs"


def deliver(settings: LocalSettings, calls: Iterable[Call], label: str) -> list[str]:
    """Write log files of calls.

    :param label: tells deliveries apart; the same label writes the same files again
    :return: keys in the bucket of the logs
    """
    hours: dict[datetime, list[Call]] = {}
    for call in calls:
        hours.setdefault(_hour(call.at), []).append(call)
    s3: Any = service_client("s3", settings)
    keys = []
    for hour, found in sorted(hours.items()):
        key = log_key(settings, hour + _FILE_SPAN, label)
        ordered = sorted(found, key=lambda call: call.at)
        records = [record(call, settings.account_id, settings.region, number) for number, call in enumerate(ordered)]
        s3.put_object(Bucket=settings.name(BUCKET), Key=key, Body=_body(records), ContentType="application/json")
        keys.append(key)
    return keys


def log_key(settings: LocalSettings, at: datetime, label: str) -> str:
    """AWSLogs/<account>/CloudTrail/<region>/<yyyy/mm/dd>/<account>_CloudTrail_<region>_<time>_<unique>.json.gz, in the
    folder of the day on which the hour before ``at`` lies.

    :param at: end of the file's span
    """
    day = at - _FILE_SPAN
    unique = hashlib.sha256(f"{label} {at.isoformat()}".encode()).hexdigest()[:16]
    name = f"{settings.account_id}_CloudTrail_{settings.region}_{at:%Y%m%dT%H%MZ}_{unique}.json.gz"
    return f"AWSLogs/{settings.account_id}/CloudTrail/{settings.region}/{day:%Y/%m/%d}/{name}"


def of_day(calls: Iterable[Call], day: date) -> Iterator[Call]:
    """:return: the calls of one day, UTC"""
    return (call for call in calls if call.at.date() == day)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _body(records: list[dict[str, Any]]) -> bytes:
    return gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)
