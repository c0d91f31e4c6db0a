"""Compares the whole lake with what contracts and policy declare. Pure: no calls, no clock."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from lake.lake_formation.grant_changes import IAM_ALLOWED_PRINCIPALS, Rules, compare_grants
from lake.lake_formation.plan import Change, Finding, Plan, Severity, Topic
from lake.lake_formation.planner import in_order, plan, tag_value_changes
from lake.lake_formation.policy import PlatformPolicy
from lake.lake_formation.resources import Kind, Resource
from lake.lake_formation.state import Grants, LakeState, TableName, TableState

Tags = Mapping[str, frozenset[str]]
# The role of mwaa/cloudformation/github-oidc.yaml may be the one that deploys the stack lake.
_DEPLOYER = "deploy"


@dataclass(frozen=True)
class Declared:
    """What should be.

    :param policy: the platform's
    :param tables: state of each published table, as its contract asks
    :param writers: ARNs of the roles that a contract lets write, by table
    """

    policy: PlatformPolicy
    tables: Mapping[TableName, TableState]
    writers: Mapping[TableName, frozenset[str]]


def plan_lake(declared: Declared, actual: LakeState, rules: Rules, databases: Collection[str]) -> Plan:
    """Changes that give the lake's tables, databases, locations and LF-tags the declared rights.

    Settings and registrations are reported only: the stack ``lake`` owns them. LF-tag values that nobody declared are
    reported, too: a value that is attached somewhere cannot be deleted.

    :param actual: state of the databases
    :param rules: what may be taken away
    :param databases: scope; what is not about them is planned and reported only when they are all of the policy's
    :raises PlanRefusedError: a contract names an administrator with less than the whole table
    """
    policy = declared.policy
    trusted = frozenset(rules.trusted) | policy.service_roles
    # What the policy's administrators and the deployer hold they hold as administrators. Another role of the lake that
    # became one gave itself what it holds: that is planned for like any other grant.
    intruders = _intruders(policy, actual, rules)
    rules = replace(rules, admins=actual.admins - intruders, trusted=trusted)
    values = _tag_values(declared)
    # The platform's own roles have exactly the policy's rights outside single tables, so nobody is trusted there.
    platform_rules = replace(rules, trusted=())
    scope = _Scope(frozenset(databases), frozenset(databases) >= set(policy.databases), frozenset(policy.locations))
    changes, findings = compare_grants(scope.of(policy.grants), scope.of(actual.grants), platform_rules)
    changes += tag_value_changes(values, actual.tag_values, rules.catalog_id)
    if scope.whole:
        findings += _platform_findings(declared, actual, values)
        findings += [_intrusion(rules.short(admin)) for admin in sorted(intruders)]
    for table in sorted(declared.tables.keys() | actual.tables.keys()):
        table_changes, table_findings = _plan_table(declared, actual, table, rules)
        changes += table_changes
        findings += table_findings
    return Plan(in_order(changes), tuple(sorted(findings, key=lambda found: (str(found.topic), found.what, found.who))))


def _intruders(policy: PlatformPolicy, actual: LakeState, rules: Rules) -> frozenset[str]:
    """:return: the lake's roles that are administrators without the policy; who deploys the stacks must be one"""
    others = actual.admins - policy.admins
    return frozenset(admin for admin in others if rules.managed(admin) and rules.short(admin) != _DEPLOYER)


def _intrusion(who: str) -> Finding:
    text = (
        f"{who} is a data lake administrator, which the policy does not say: it may give itself every right. Remove it "
        "from the administrators (console, or LakeFormationSettingsOperator with mode replace), then run this again"
    )
    return Finding(Topic.SETTINGS, Severity.CRITICAL, who, "administrators", text)


def _plan_table(
    declared: Declared, actual: LakeState, table: TableName, rules: Rules
) -> tuple[list[Change], list[Finding]]:
    desired = declared.tables.get(table, TableState(table))
    if table not in actual.columns:
        text = f"{table} is not in the catalog; its permissions follow with its first publication"
        return [], [Finding(Topic.TABLE, Severity.INFO, "", str(table), text)]
    trusted = frozenset(rules.trusted) | declared.writers.get(table, frozenset())
    # Tag values are compared once for the whole lake.
    found = plan(replace(desired, tag_values={}), actual.tables[table], replace(rules, trusted=trusted))
    if table in declared.tables:
        return list(found.changes), list(found.findings)
    # Filters and tags of a table without a contract are nobody's to change.
    return [change for change in found.changes if change.operation.startswith("batch_")], list(found.findings)


def _tag_values(declared: Declared) -> dict[str, frozenset[str]]:
    values = dict(declared.policy.tag_values)
    for state in declared.tables.values():
        for key, wanted in state.tag_values.items():
            values[key] = values.get(key, frozenset()) | wanted
    return values


@dataclass(frozen=True)
class _Scope:
    """What the plan is about.

    :param whole: also what is about no database: catalog, locations, LF-tags and their policies
    """

    databases: frozenset[str]
    whole: bool
    locations: frozenset[str]

    def of(self, grants: Grants) -> Grants:
        """:return: the grants that are in scope"""
        return {key: rights for key, rights in grants.items() if self._holds(*key)}

    def _holds(self, principal: str, resource: Resource) -> bool:
        if resource.database in self.databases:
            return True
        # Other databases and locations are none of this lake's, but whether they are open to everybody is.
        if principal == IAM_ALLOWED_PRINCIPALS:
            return self.whole
        if resource.kind is Kind.LOCATION:
            return self.whole and self._below(resource.name)
        return self.whole and not resource.database

    def _below(self, arn: str) -> bool:
        return any(arn == location or arn.startswith(f"{location}/") for location in self.locations)


def _platform_findings(declared: Declared, actual: LakeState, values: Tags) -> Iterator[Finding]:
    policy = declared.policy
    for admin in sorted(policy.admins - actual.admins):
        text = f"{admin} is no data lake administrator; deploy the stack lake"
        yield Finding(Topic.SETTINGS, Severity.WARNING, admin, "administrators", text)
    others = sorted(actual.admins - policy.admins)
    if len(others) > policy.other_admins:
        text = f"{len(others)} administrators beside those of the policy, expected {policy.other_admins}: {others}"
        yield Finding(Topic.SETTINGS, Severity.CRITICAL, "", "administrators", text)
    for things in sorted(actual.open_to_iam):
        text = f"new {things} are open to every IAM principal; the settings must give them no default permissions"
        yield Finding(Topic.IAM_ALLOWED_PRINCIPALS, Severity.CRITICAL, IAM_ALLOWED_PRINCIPALS, f"new {things}", text)
    for arn, role in sorted(policy.locations.items()):
        if arn not in actual.locations:
            text = f"{arn} is not registered: IAM alone decides about its files; deploy the stack lake"
            yield Finding(Topic.LOCATION, Severity.CRITICAL, "", arn, text)
        elif actual.locations[arn] != role:
            text = f"{arn} is registered with {actual.locations[arn] or 'the service-linked role'}, not with {role}"
            yield Finding(Topic.LOCATION, Severity.WARNING, "", arn, text)
    for key in sorted(values.keys() & actual.tag_values.keys()):
        unknown = sorted(actual.tag_values[key] - values[key])
        if unknown:
            text = f"LF-tag {key} may take {', '.join(unknown)}, which nobody declares"
            yield Finding(Topic.TAG, Severity.INFO, "", f"LF-tag {key}", text)
