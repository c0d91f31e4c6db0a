"""Tags as services take them, and the difference between two tag lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def removed_tag_keys(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Tag keys that an update takes away.

    :param current: properties as applied, with `Tags` as a list of Key/Value.
    :param wanted: properties to apply.
    """
    return sorted({tag["Key"] for tag in current.get("Tags", ())} - {tag["Key"] for tag in wanted.get("Tags", ())})


def lower_case_tags(tags: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Tags for the APIs that spell `key` and `value` in lower case.

    :param tags: Key/Value pairs of the template.
    """
    return [{"key": tag["Key"], "value": tag["Value"]} for tag in tags]
