"""A crawler's Configuration: JSON in a string.

Source: AWS Glue guide, "Setting crawler configuration options".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from local.services.glue.refusals import invalid

VERSION = 1.0


@dataclass(frozen=True)
class CrawlerConfiguration:
    """What the local crawler follows of it.

    :param table_level: folder level of the tables, the bucket being 1
    :param merge_new_columns: keep the columns a table has and add new ones
    :param partitions_inherit: partitions take the table's columns
    """

    table_level: int | None = None
    merge_new_columns: bool = False
    partitions_inherit: bool = False


def read_configuration(text: str | None) -> CrawlerConfiguration:
    """:raises AwsError: not JSON, or another version"""
    if not text:
        return CrawlerConfiguration()
    try:
        content: dict[str, Any] = json.loads(text)
        version = float(content.get("Version", VERSION))
    except (ValueError, TypeError, AttributeError) as error:
        raise invalid(f"Configuration is not valid JSON: {error}") from error
    if version != VERSION:
        raise invalid(f"Configuration has Version {version}; only {VERSION} is known.")
    output = content.get("CrawlerOutput") or {}
    level = (content.get("Grouping") or {}).get("TableLevelConfiguration")
    return CrawlerConfiguration(
        table_level=int(level) if level is not None else None,
        merge_new_columns=(output.get("Tables") or {}).get("AddOrUpdateBehavior") == "MergeNewColumns",
        partitions_inherit=(output.get("Partitions") or {}).get("AddOrUpdateBehavior") == "InheritFromTable",
    )
