"""Who may do what: the evaluation rule of Lake Formation over its state, without any I/O.

Permissions are the union of all grants a principal holds by name, through LF-tag policies, through the virtual group
IAM_ALLOWED_PRINCIPALS and, for administrators, implicitly. Nothing ever denies, so removing a grant can only narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .permissions import ALL, IAM_ALLOWED_PRINCIPALS
from .resources import ALL_TABLES, CATALOG, Expression, Resource, ResourceKind, column_resource, database_resource
from .resources import table_resource as table_of
from .state import Grant, LakeFormationState


@dataclass(frozen=True)
class Scope:
    """One grant of SELECT: some columns of the rows that satisfy a predicate.

    :param columns: visible columns
    :param row_filter: SQL predicate, None for all rows
    """

    columns: frozenset[str]
    row_filter: str | None


@dataclass(frozen=True)
class TableRights:
    """Everything a principal may do with one table.

    :param permissions: permissions on the whole table
    :param scopes: what SELECT shows
    """

    permissions: frozenset[str]
    scopes: tuple[Scope, ...]

    def readable_columns(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Columns some scope shows, in table order."""
        visible = frozenset[str]().union(*(scope.columns for scope in self.scopes))
        return tuple(column for column in columns if column.lower() in visible)


def identities_of(caller_arn: str) -> tuple[str, ...]:
    """The caller and the groups it belongs to.

    Nobody (an empty ARN) belongs to no group, and what is granted to other accounts and organizations is held by no
    caller of this account, whatever it calls itself.
    """
    if not caller_arn.startswith("arn:aws:iam::"):
        return ()
    account_id = caller_arn.split(":")[4]
    return (caller_arn, IAM_ALLOWED_PRINCIPALS, f"{account_id}:IAMPrincipals")


def is_admin(state: LakeFormationState, caller_arn: str) -> bool:
    """True for a data lake administrator (not for a read-only one)."""
    return bool(caller_arn) and caller_arn in state.principals_in("DataLakeAdmins")


def sees_all_metadata(state: LakeFormationState, caller_arn: str) -> bool:
    """True for administrators of both kinds: they have DESCRIBE on the whole catalog."""
    return is_admin(state, caller_arn) or (bool(caller_arn) and caller_arn in state.principals_in("ReadOnlyAdmins"))


def catalog_permissions(state: LakeFormationState, caller_arn: str) -> frozenset[str]:
    """Permissions on the catalog itself; administrators may always create databases and LF-tags."""
    held = _union(grant for resource, grant in state.grants_of(identities_of(caller_arn)) if resource == CATALOG)
    if is_admin(state, caller_arn):
        held |= {"CREATE_DATABASE", "CREATE_LF_TAG", "CREATE_LF_TAG_EXPRESSION", "DESCRIBE"}
    return held


def database_permissions(state: LakeFormationState, caller_arn: str, database: str) -> frozenset[str]:
    """Permissions on a database. Any permission on it, or on one of its tables, lets the caller see it."""
    tags = state.tag_assignments.get(database_resource(database), {})
    held: frozenset[str] = frozenset()
    for resource, grant in state.grants_of(identities_of(caller_arn)):
        if resource.kind is ResourceKind.DATABASE and resource.database == database:
            held |= grant.permissions | {"DESCRIBE"}
        elif resource.of_table and resource.database == database:
            held |= {"DESCRIBE"}
        elif resource.kind is ResourceKind.DATABASE_POLICY and _matches(state, resource, tags):
            held |= grant.permissions | {"DESCRIBE"}
    if sees_all_metadata(state, caller_arn):
        held |= {"DESCRIBE"}
    return held


def table_rights(
    state: LakeFormationState, caller_arn: str, database: str, table: str, columns: Sequence[str]
) -> TableRights:
    """Permissions and visible data of one caller on one table.

    :param caller_arn: ARN of the role or user
    :param columns: all columns of the table, partition columns included
    """
    names = tuple(column.lower() for column in columns)
    permissions: frozenset[str] = frozenset()
    scopes: list[Scope] = []
    for resource, grant in state.grants_of(identities_of(caller_arn)):
        part = _rights_of_grant(state, resource, grant, database, table, names)
        permissions |= part.permissions
        scopes += part.scopes
    if sees_all_metadata(state, caller_arn):
        permissions |= {"DESCRIBE"}
    return TableRights(permissions, tuple(dict.fromkeys(scopes)))


def _rights_of_grant(
    state: LakeFormationState, resource: Resource, grant: Grant, database: str, table: str, columns: tuple[str, ...]
) -> TableRights:
    if resource.kind is ResourceKind.TABLE_POLICY:
        return _rights_of_policy(state, resource, grant, database, table, columns)
    if not resource.of_table or resource.database != database or resource.table not in (table, ALL_TABLES):
        return TableRights(frozenset(), ())
    if resource.kind is ResourceKind.TABLE:
        selects = "SELECT" in grant.permissions
        return TableRights(grant.permissions, (Scope(frozenset(columns), None),) if selects else ())
    if "SELECT" not in grant.permissions:
        return TableRights(frozenset(), ())
    if resource.kind is ResourceKind.COLUMN:
        return TableRights(frozenset(), (Scope(frozenset({resource.name}) & frozenset(columns), None),))
    if resource.kind is ResourceKind.COLUMNS_EXCEPT:
        return TableRights(frozenset(), (Scope(frozenset(columns) - frozenset(resource.values), None),))
    cells = state.filters.get((database, table, resource.name))
    return TableRights(frozenset(), (Scope(cells.columns(columns), cells.sql),) if cells else ())


def _rights_of_policy(
    state: LakeFormationState, resource: Resource, grant: Grant, database: str, table: str, columns: tuple[str, ...]
) -> TableRights:
    """LF-tag policy on tables: matched column by column.

    When only some columns match, only reading is left of the granted permissions ("LF-tag based access control
    considerations" in the developer guide).
    """
    on_table = effective_tags(state, database, table)
    matching = frozenset(
        column for column in columns if _matches(state, resource, effective_tags(state, database, table, column))
    )
    whole_table = matching == frozenset(columns) if columns else _matches(state, resource, on_table)
    scopes = (Scope(matching, None),) if matching and "SELECT" in grant.permissions else ()
    if whole_table:
        return TableRights(grant.permissions, scopes)
    return TableRights(frozenset(), scopes)


def effective_tags(state: LakeFormationState, database: str, table: str = "", column: str = "") -> dict[str, str]:
    """LF-tags of a resource with inheritance: database, then table, then column; the nearest value wins."""
    tags = dict(state.tag_assignments.get(database_resource(database), {}))
    if table:
        tags |= state.tag_assignments.get(table_of(database, table), {})
    if column:
        tags |= state.tag_assignments.get(column_resource(database, table, column), {})
    return tags


def expression_of(state: LakeFormationState, policy: Resource) -> Expression:
    """Expression of a policy, looked up when the policy uses a named one (empty when that is gone)."""
    if policy.name:
        expression, _ = state.tag_expressions.get(policy.name, ((), ""))
        return expression
    return policy.expression


def matches_expression(expression: Expression, tags: Mapping[str, str]) -> bool:
    """All keys must be assigned with one of the values. An empty expression matches nothing."""
    return bool(expression) and all(tags.get(key) in values for key, values in expression)


def _matches(state: LakeFormationState, policy: Resource, tags: Mapping[str, str]) -> bool:
    return matches_expression(expression_of(state, policy), tags)


def location_allowed(state: LakeFormationState, caller_arn: str, location_arn: str) -> bool:
    """Whether a caller may create or move a table to an S3 location.

    Locations that are not registered are none of Lake Formation's business: IAM alone decides about them.
    """
    if not any(covers(registered, location_arn) for registered in tuple(state.locations)):
        return True
    if is_admin(state, caller_arn):
        return True
    return any(
        resource.kind is ResourceKind.DATA_LOCATION and covers(resource.name, location_arn)
        for resource, _ in state.grants_of(identities_of(caller_arn))
    )


def covers(parent_arn: str, location_arn: str) -> bool:
    """True if a location is the parent or lies below it."""
    parent, child = parent_arn.rstrip("/"), location_arn.rstrip("/")
    return child == parent or child.startswith(parent + "/")


def grantable_permissions(state: LakeFormationState, caller_arn: str, resource: Resource) -> frozenset[str]:
    """Permissions a caller may pass on for a resource, by a grant option on it or on the table that contains it."""
    held: frozenset[str] = frozenset()
    for granted, grant in state.grants_of(identities_of(caller_arn)):
        if granted == resource or _contains(granted, resource):
            held |= grant.grantable
    return held


def _contains(granted: Resource, wanted: Resource) -> bool:
    if granted.kind is ResourceKind.DATA_LOCATION and wanted.kind is ResourceKind.DATA_LOCATION:
        return covers(granted.name, wanted.name)
    if granted.kind is ResourceKind.TABLE and wanted.of_table:
        return granted.database == wanted.database and granted.table in (wanted.table, ALL_TABLES)
    return False


def _union(grants: Iterable[Grant]) -> frozenset[str]:
    return frozenset[str]().union(*(grant.permissions for grant in grants)) - {ALL}
