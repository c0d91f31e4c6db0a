"""Which stored versions of a product nobody needs any more. Pure: folders come in, folders come out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# Parameter of a partition of the quarantine: when its first rows were put there. A replay copies rows, not their age.
KEPT_SINCE = "kept_since"
# Parameters of a partition that name folders a replay may still have to read.
_NAMED = ("base_location", "base_quarantine")


@dataclass(frozen=True)
class StoredVersion:
    """A folder that one run wrote.

    :param day: value of the partition it is a version of
    :param location: S3 address, ending with a slash
    :param oldest: when its first object was written
    :param newest: when its last object was written
    """

    day: str
    location: str
    oldest: datetime
    newest: datetime


def versions(bucket: str, prefix: str, column: str, objects: Iterable[Mapping[str, Any]]) -> list[StoredVersion]:
    """Return the folders ``<prefix><column>=<day>/<name>=<run>/`` that hold objects; anything else is left alone.

    :param bucket: bucket of the zone
    :param prefix: folder of the product, ending with a slash
    :param column: partition column of the table
    :param objects: entries of ListObjectsV2
    """
    times: dict[tuple[str, str], list[datetime]] = {}
    for entry in objects:
        parts = entry["Key"].removeprefix(prefix).split("/")
        if len(parts) >= 3 and parts[0].startswith(f"{column}=") and "=" in parts[1]:
            times.setdefault((parts[0], parts[1]), []).append(entry["LastModified"])
    return [
        StoredVersion(
            day=day.partition("=")[2],
            location=f"s3://{bucket}/{prefix}{day}/{run}/",
            oldest=min(written),
            newest=max(written),
        )
        for (day, run), written in sorted(times.items())
    ]


def needed(partition: Mapping[str, Any] | None) -> set[str]:
    """Return the folders a partition shows, or names because a replay may have to be finished.

    :param partition: as GetPartition answers it, None if the day has none
    """
    if partition is None:
        return set()
    parameters = partition.get("Parameters", {})
    return {partition["StorageDescriptor"]["Location"], *(parameters[name] for name in _NAMED if name in parameters)}


def outdated(stored: Iterable[StoredVersion], now: datetime, keep: timedelta) -> list[StoredVersion]:
    """Return the versions that were finished long ago; those that are needed are among them.

    :param stored: versions of a product
    :param now: with time zone
    :param keep: how long a version that is not shown may still be wanted
    """
    return [version for version in stored if now - version.newest > keep]


def has_expired(
    partition: Mapping[str, Any] | None, stored: Iterable[StoredVersion], now: datetime, retention: timedelta
) -> bool:
    """Tell whether a day's quarantined rows have been kept as long as the contract wants.

    :param partition: of the quarantine, as GetPartition answers it; None if the day has none
    :param stored: versions of the day
    :param now: with time zone
    :param retention: of the contract
    """
    since = (partition or {}).get("Parameters", {}).get(KEPT_SINCE)
    if since:
        return now - datetime.fromisoformat(since) > retention
    location = partition["StorageDescriptor"]["Location"] if partition else None
    shown = [version for version in stored if version.location == location] if location else list(stored)
    return bool(shown) and now - min(version.oldest for version in shown) > retention
