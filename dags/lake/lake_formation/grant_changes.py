"""Which grants are missing, which are too much, and what becomes of the latter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lake.lake_formation.plan import Change, Finding, Severity, Step, Topic
from lake.lake_formation.resources import ALL, TABLE_PERMISSIONS, Kind, Resource, write_resource
from lake.lake_formation.state import Grants, Rights

IAM_ALLOWED_PRINCIPALS = "IAM_ALLOWED_PRINCIPALS"
_NOTHING = Rights(frozenset())


@dataclass(frozen=True)
class Rules:
    """What a plan may do with rights that nobody declared.

    :param catalog_id: account of the catalog
    :param managed: whether a principal's undeclared rights are taken away
    :param short: name of a principal for people
    :param admins: ARNs of the data lake administrators
    :param trusted: ARNs of the roles that run the pipeline. Whoever creates a table holds everything on it, so their
        undeclared rights are neither taken away nor reported
    :param prune: False: undeclared rights of managed principals are reported like those of the others
    :param close_to_iam: take IAM_ALLOWED_PRINCIPALS its rights; everybody who lives on them loses access
    """

    catalog_id: str
    managed: Callable[[str], bool]
    short: Callable[[str], str] = str
    admins: Collection[str] = ()
    trusted: Collection[str] = ()
    prune: bool = True
    close_to_iam: bool = False

    def revokes(self, principal: str) -> bool:
        """Whether undeclared rights of a principal are taken away."""
        if principal == IAM_ALLOWED_PRINCIPALS:
            return self.close_to_iam
        return self.prune and self.managed(principal)


def compare_grants(desired: Grants, actual: Grants, rules: Rules) -> tuple[list[Change], list[Finding]]:
    """:return: grants and revokes that make ``actual`` what is desired, and what is left as it is"""
    ours = frozenset(rules.admins) | frozenset(rules.trusted)
    extra = {key: rights for key, rights in _beyond(actual, desired).items() if key[0] not in ours}
    revoked = {key: rights for key, rights in extra.items() if rules.revokes(key[0])}
    changes = [
        *_batched(Step.GRANT, "batch_grant_permissions", _missing(desired, actual), rules),
        *_batched(Step.REVOKE, "batch_revoke_permissions", revoked, rules),
    ]
    reported = {key: rights for key, rights in extra.items() if key not in revoked}
    return changes, list(_findings(reported, rules))


def _missing(desired: Grants, actual: Grants) -> dict[tuple[str, Resource], Rights]:
    return {
        key: Rights(rights.permissions | rights.grantable, rights.grantable)
        for key, rights in _beyond(desired, actual).items()
    }


def _beyond(held: Grants, wanted: Grants) -> dict[tuple[str, Resource], Rights]:
    """Rights of the first that the second does not have."""
    beyond = {}
    for key, rights in held.items():
        other = wanted.get(key, _NOTHING)
        rest = Rights(rights.permissions - other.permissions, rights.grantable - other.grantable)
        if rest.permissions or rest.grantable:
            beyond[key] = rest
    return beyond


def _batched(
    step: Step, operation: str, rights_by_key: Mapping[tuple[str, Resource], Rights], rules: Rules
) -> Iterator[Change]:
    """One entry per principal and resource; the columns of a table that share their rights are one entry."""
    entries: dict[tuple[str, Rights, Resource], list[Resource]] = {}
    for (principal, resource), rights in sorted(rights_by_key.items(), key=lambda item: item[0]):
        columns = resource.kind is Kind.COLUMN
        group = Resource(Kind.COLUMN, resource.database, resource.table) if columns else resource
        entries.setdefault((principal, rights, group), []).append(resource)
    for (principal, rights, group), resources in entries.items():
        entry: dict[str, Any] = {
            "Principal": {"DataLakePrincipalIdentifier": principal},
            "Resource": write_resource(tuple(resources), rules.catalog_id),
            # IAM_ALLOWED_PRINCIPALS holds ALL or nothing, and is granted and revoked by that name only.
            "Permissions": [ALL]
            if principal == IAM_ALLOWED_PRINCIPALS and group.database
            else sorted(rights.permissions),
            "PermissionsWithGrantOption": sorted(rights.grantable),
        }
        names = ", ".join(resource.name for resource in resources)
        what = f"{group.database}.{group.table} columns {names}" if group.kind is Kind.COLUMN else str(group)
        destructive = step is Step.REVOKE
        yield Change(step, rules.short(principal), what, rights_text(rights), destructive, operation, entry)


def rights_text(rights: Rights) -> str:
    """:return: permissions for people, with the grant option if there is one"""
    text = "ALL" if rights.permissions == TABLE_PERMISSIONS else ", ".join(sorted(rights.permissions))
    return text + (f" (grant option: {', '.join(sorted(rights.grantable))})" if rights.grantable else "")


def _findings(reported: Mapping[tuple[str, Resource], Rights], rules: Rules) -> Iterator[Finding]:
    for (principal, resource), rights in sorted(reported.items(), key=lambda item: item[0]):
        who, what = rules.short(principal), str(resource)
        if principal != IAM_ALLOWED_PRINCIPALS:
            text = f"undeclared: {who} holds {rights_text(rights)} on {resource}; not touched"
            yield Finding(Topic.UNDECLARED_GRANT, Severity.WARNING, who, what, text)
        elif resource.kind is Kind.CATALOG:
            text = f"every IAM principal may {rights_text(rights)} in the catalog, as in every new account"
            yield Finding(Topic.IAM_ALLOWED_PRINCIPALS, Severity.WARNING, who, what, text)
        else:
            text = (
                f"{resource} is open to every IAM principal (IAM_ALLOWED_PRINCIPALS holds "
                f"{rights_text(rights)}): Lake Formation limits nobody. Revoke it once nobody depends on it."
            )
            yield Finding(Topic.IAM_ALLOWED_PRINCIPALS, Severity.CRITICAL, who, what, text)
