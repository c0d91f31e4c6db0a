"""Failures on demand, for tests of deployments: tags on an environment, set with TagResource like any other tag.

| tag | effect |
|---|---|
| ``sluice:next-update`` = ``UPDATE_FAILED <code> <message>`` | the next update fails and the environment is restored |
| ``sluice:next-update`` = ``UNAVAILABLE <code> <message>`` | the next update fails, nothing is restored |
| ``sluice:update-seconds`` = a number | every creation and update takes at least that long |

``sluice:next-update`` is used once and then removed. A failing pip needs no tag: name a package that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

from local.errors import AwsError

NEXT_UPDATE = "sluice:next-update"
UPDATE_SECONDS = "sluice:update-seconds"
_OUTCOMES = ("UPDATE_FAILED", "UNAVAILABLE")


@dataclass(frozen=True)
class Failure:
    """How an update is to end.

    :ivar status: UPDATE_FAILED or UNAVAILABLE.
    """

    status: str
    code: str
    message: str


def check(tags: Mapping[str, str]) -> None:
    """Refuse an order that would have no effect.

    :param tags: tags that somebody sets.
    :raises AwsError: ValidationException.
    """
    if NEXT_UPDATE in tags:
        status, *rest = tags[NEXT_UPDATE].split(maxsplit=2)
        if status not in _OUTCOMES or len(rest) != 2:
            message = f"tag {NEXT_UPDATE}: write '{_OUTCOMES[0]} <code> <message>' or '{_OUTCOMES[1]} <code> <message>'"
            raise AwsError("ValidationException", message)
    if UPDATE_SECONDS in tags:
        try:
            float(tags[UPDATE_SECONDS])
        except ValueError as error:
            raise AwsError("ValidationException", f"tag {UPDATE_SECONDS}: a number is expected") from error


def take(tags: MutableMapping[str, str]) -> Failure | None:
    """The ordered failure of the update that begins now, if any; the order is used up.

    :param tags: the environment's.
    """
    order = tags.pop(NEXT_UPDATE, None)
    return Failure(*order.split(maxsplit=2)) if order else None


def least_seconds(tags: Mapping[str, str]) -> float:
    """How long a change takes at least.

    :param tags: the environment's.
    """
    return float(tags.get(UPDATE_SECONDS, 0))
