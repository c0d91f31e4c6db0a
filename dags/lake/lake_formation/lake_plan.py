"""A plan for the whole lake: asked for, made, kept as a file, found again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from lake.contracts import compiled_contract, products
from lake.lake_formation.desired import RoleNames, desired_state
from lake.lake_formation.grant_changes import Rules
from lake.lake_formation.hook import LakeFormationHook
from lake.lake_formation.lake_planner import Declared, plan_lake
from lake.lake_formation.lake_reader import Catalog, read_lake
from lake.lake_formation.plan import Change, Plan, change_from, digest_of
from lake.lake_formation.policy import PlatformPolicy
from lake.lake_formation.state import LakeState, TableName, TableState

FORMAT = 1


class StalePlanError(ValueError):
    """The lake or the declarations have changed since the plan was made, or its file has."""


@dataclass(frozen=True)
class Request:
    """What a plan is about.

    :param databases: scope; empty means the databases of the platform's policy
    :param prune: take away undeclared rights of managed principals
    :param managed_principals: patterns of ARNs (``*`` and ``?``); empty means the roles of the environment
    :param close_to_iam: take IAM_ALLOWED_PRINCIPALS its rights
    """

    databases: tuple[str, ...] = ()
    prune: bool = True
    managed_principals: tuple[str, ...] = ()
    close_to_iam: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "databases": list(self.databases),
            "prune": self.prune,
            "managed_principals": list(self.managed_principals),
            "close_to_iam": self.close_to_iam,
        }


@dataclass(frozen=True)
class LakePlan:
    """:param actual: state of the lake that the plan starts from"""

    request: Request
    plan: Plan
    actual: LakeState

    @property
    def digest(self) -> str:
        """SHA-256 of request and changes, 64 hexadecimal digits."""
        return _digest(self.request.as_json(), [change.as_json() for change in self.plan.changes])

    def as_json(self) -> dict[str, Any]:
        """The plan's file."""
        return {
            "format": FORMAT,
            "digest": self.digest,
            "request": self.request.as_json(),
            "changes": [change.as_json() for change in self.plan.changes],
            "findings": [
                {**vars(finding), "topic": str(finding.topic), "severity": str(finding.severity)}
                for finding in self.plan.findings
            ],
        }


def declared_by(
    names: RoleNames, policy: PlatformPolicy, contracts: Mapping[str, Mapping[str, Any]] | None = None
) -> Declared:
    """What the contracts and the policy declare.

    :param contracts: compiled contract by product; None reads all of ``dags/contracts``
    :raises ContractPermissionError: a contract asks for what Lake Formation cannot give
    """
    tables: dict[TableName, TableState] = {}
    writers: dict[TableName, frozenset[str]] = {}
    found = {product: compiled_contract(product) for product in products()} if contracts is None else contracts
    for terms in found.values():
        state = desired_state(terms, names)
        tables[state.table] = state
        writers[state.table] = frozenset(
            names.arn(role["role"]) for role in terms["permissions"]["roles"] if role["access"] == "write"
        )
    return Declared(policy, tables, writers)


def make_plan(
    hook: LakeFormationHook, catalog: Catalog, declared: Declared, names: RoleNames, request: Request
) -> LakePlan:
    """Read the lake and compare it.

    :param hook: hook of a data lake administrator
    :raises PlanRefusedError: a contract names an administrator with less than the whole table
    """
    databases = request.databases or declared.policy.databases
    tables = {table: state for table, state in declared.tables.items() if table.database in databases}
    actual = read_lake(hook, catalog, names.account_id, databases, tables)
    patterns = request.managed_principals

    def managed(principal: str) -> bool:
        return any(fnmatchcase(principal, pattern) for pattern in patterns) if patterns else names.is_ours(principal)

    rules = Rules(names.account_id, managed, names.short, prune=request.prune, close_to_iam=request.close_to_iam)
    scope = Declared(declared.policy, tables, declared.writers)
    return LakePlan(request, plan_lake(scope, actual, rules, databases), actual)


def read_request(document: Mapping[str, Any], digest: str) -> tuple[Request, tuple[Change, ...]]:
    """Read a plan's file.

    :param document: what ``as_json`` of a plan gave
    :param digest: the plan's digest as its maker told it
    :raises StalePlanError: the file is not that plan
    """
    if document.get("format") != FORMAT or _digest(document["request"], document["changes"]) != digest:
        raise StalePlanError(
            f"The file does not hold the plan {digest[:12]}: it was written again or edited. Plan again."
        )
    request = document["request"]
    return (
        Request(
            tuple(request["databases"]),
            request["prune"],
            tuple(request["managed_principals"]),
            request["close_to_iam"],
        ),
        tuple(change_from(change) for change in document["changes"]),
    )


def refuse_stale(planned: Sequence[Change], fresh: Plan) -> None:
    """Refuse a plan when the lake now needs anything else than it did.

    Fewer changes are fine: an attempt before has made the others.

    :param planned: changes of the plan that was agreed to
    :param fresh: plan from the state of now
    :raises StalePlanError: naming what is new
    """
    known = {digest_of(change.as_json()) for change in planned}
    new = [change for change in fresh.changes if digest_of(change.as_json()) not in known]
    if new:
        raise StalePlanError(
            f"The plan is stale: permissions, contracts or policy have changed since. {len(new)} changes are new:\n"
            f"{Plan(new).as_table()}\nNothing was changed. Plan again."
        )


def _digest(request: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> str:
    return digest_of({"request": dict(request), "changes": list(changes)})
