"""Which permission may be granted on which kind of resource, and what ALL stands for.

Source: "Lake Formation permissions per resource type" in the Lake Formation developer guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from .resources import ResourceKind

ALL = "ALL"
IAM_ALLOWED_PRINCIPALS = "IAM_ALLOWED_PRINCIPALS"

DATABASE_PERMISSIONS = frozenset({"ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"})
TABLE_PERMISSIONS = frozenset({"ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"})
LF_TAG_VALUE_PERMISSIONS = frozenset({"ASSOCIATE", "DESCRIBE", "GRANT_WITH_LF_TAG_EXPRESSION"})
RESOURCE_LINK_PERMISSIONS = frozenset({"DESCRIBE", "DROP"})

VALID_PERMISSIONS: Mapping[ResourceKind, frozenset[str]] = MappingProxyType(
    {
        ResourceKind.CATALOG: frozenset(
            {ALL, "ALTER", "CREATE_CATALOG", "CREATE_DATABASE", "CREATE_LF_TAG", "CREATE_LF_TAG_EXPRESSION"}
            | {"DESCRIBE", "DROP"}
        ),
        ResourceKind.DATABASE: DATABASE_PERMISSIONS | {ALL},
        ResourceKind.TABLE: TABLE_PERMISSIONS | {ALL},
        ResourceKind.COLUMN: frozenset({"SELECT"}),
        ResourceKind.COLUMNS_EXCEPT: frozenset({"SELECT"}),
        ResourceKind.DATA_LOCATION: frozenset({"DATA_LOCATION_ACCESS"}),
        ResourceKind.DATA_CELLS_FILTER: frozenset({"DESCRIBE", "DROP", "SELECT"}),
        ResourceKind.LF_TAG: LF_TAG_VALUE_PERMISSIONS | {"ALTER", "DROP"},
        ResourceKind.LF_TAG_EXPRESSION: frozenset({"ALTER", "DESCRIBE", "DROP", "GRANT_WITH_LF_TAG_EXPRESSION"}),
        ResourceKind.DATABASE_POLICY: DATABASE_PERMISSIONS | {ALL},
        ResourceKind.TABLE_POLICY: TABLE_PERMISSIONS | {ALL},
    }
)

_EXPANSION_OF_ALL: Mapping[ResourceKind, frozenset[str]] = MappingProxyType(
    {
        ResourceKind.CATALOG: VALID_PERMISSIONS[ResourceKind.CATALOG] - {ALL},
        ResourceKind.DATABASE: DATABASE_PERMISSIONS,
        ResourceKind.DATABASE_POLICY: DATABASE_PERMISSIONS,
        ResourceKind.TABLE: TABLE_PERMISSIONS,
        ResourceKind.TABLE_POLICY: TABLE_PERMISSIONS,
    }
)


def expand(kind: ResourceKind, permissions: Iterable[str]) -> frozenset[str]:
    """Write ALL out in full, as AWS does when it lists permissions: ALL stays and its parts are added.

    :param kind: kind of the resource the permissions are on
    :param permissions: permissions as given in a request
    """
    given = frozenset(permissions)
    return given | _EXPANSION_OF_ALL.get(kind, frozenset()) if ALL in given else given


def without(kind: ResourceKind, held: frozenset[str], revoked: Iterable[str]) -> frozenset[str]:
    """What is left of ``held`` when ``revoked`` is taken away. Losing one part of ALL loses the word ALL too.

    :param kind: kind of the resource
    :param held: expanded permissions before
    :param revoked: permissions as given in the request
    """
    gone = expand(kind, revoked)
    left = held - gone
    return left - {ALL} if left & held != held else left
