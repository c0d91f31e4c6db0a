"""What happens to permissions when the Glue catalog changes. The Glue service calls these after it has stored a change.

Creators hold everything on what they create and may pass it on; new objects get the default permissions of the database
or the account; dropped objects take their grants with them ("Implicit Lake Formation permissions" and "Changing the
default settings for your data lake" in the developer guide).
"""

from __future__ import annotations

import time
from typing import Any

from local.identity import LOCAL_ADMIN

from . import access
from .permissions import ALL, expand
from .resources import Resource, database_resource, table_resource
from .state import CHANGES, Grant, LakeFormationState


def database_created(caller_arn: str, database: str) -> None:
    """:param caller_arn: who created it
    :param database: its name
    """
    authority = access.current()
    resource = database_resource(database)
    with CHANGES:
        _give_creator(authority.state, caller_arn, resource)
        _give_defaults(authority.state, resource, authority.state.settings["CreateDatabaseDefaultPermissions"])


def table_created(caller_arn: str, database: str, table: str) -> None:
    """:param caller_arn: who created it: the role whose query or crawler it was"""
    authority = access.current()
    resource = table_resource(database, table)
    own = authority.catalog.table_default_permissions(database.lower())
    defaults = own if own is not None else authority.state.settings["CreateTableDefaultPermissions"]
    with CHANGES:
        _give_creator(authority.state, caller_arn, resource)
        _give_defaults(authority.state, resource, defaults)


def database_dropped(database: str) -> None:
    """Grants, filters and LF-tags of the database and its tables go with it."""
    with CHANGES:
        access.current().state.forget_database(database.lower())


def table_dropped(database: str, table: str) -> None:
    """Grants, filters and LF-tags of the table go with it: a new table of the same name starts closed."""
    with CHANGES:
        access.current().state.forget_table(database.lower(), table.lower())


def _give_creator(state: LakeFormationState, caller_arn: str, resource: Resource) -> None:
    # The operator of the local AWS may do everything anyway; a grant would only clutter what people list.
    if caller_arn and not caller_arn.endswith(f":user/{LOCAL_ADMIN}"):
        everything = expand(resource.kind, {ALL})
        state.put_grant(caller_arn, resource, Grant(everything, everything, time.time(), caller_arn))


def _give_defaults(state: LakeFormationState, resource: Resource, defaults: list[dict[str, Any]]) -> None:
    for entry in defaults:
        principal = (entry.get("Principal") or {}).get("DataLakePrincipalIdentifier")
        permissions = expand(resource.kind, entry.get("Permissions") or ())
        if principal and permissions:
            state.put_grant(principal, resource, Grant(permissions, updated=time.time(), updated_by=principal))
