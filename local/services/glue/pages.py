"""Paging of the Glue API: NextToken is the number of items that were already given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from local.services.glue.refusals import invalid

Item = TypeVar("Item")


def page(
    items: Sequence[Item], token: str | None, size: int | None, default_size: int = 100
) -> tuple[list[Item], str | None]:
    """One page of a list, and the token of the next.

    :param token: token of an earlier answer, or None for the first page
    :param size: wanted number of items
    :raises AwsError: not a token of ours
    """
    if token and not token.isdigit():
        raise invalid(f"Invalid pagination token: {token}")
    start = int(token or 0)
    end = start + (size or default_size)
    return list(items[start:end]), str(end) if end < len(items) else None
