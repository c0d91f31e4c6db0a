"""The platform's policy: who runs the lake, what is registered, which LF-tags exist. Contracts say the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lake.contracts import CONTRACTS_FOLDER
from lake.lake_formation.desired import RoleNames
from lake.lake_formation.resources import Kind, Resource, expand
from lake.lake_formation.state import Grants, Rights

POLICY_FILE = CONTRACTS_FOLDER / "platform.json"


@dataclass(frozen=True)
class PlatformPolicy:
    """The policy in one environment.

    :param databases: the databases that are governed
    :param admins: ARNs that must be data lake administrators
    :param other_admins: how many more there may be: whoever deploys the stack
    :param locations: role ARN of each location by its ARN
    :param grants: rights of the service roles
    :param tag_values: values of the LF-tags
    :param service_roles: ARNs of the roles that run the pipeline
    :param access_tests: queries of people and what they must see, for this environment
    """

    databases: tuple[str, ...]
    admins: frozenset[str]
    other_admins: int
    locations: Mapping[str, str]
    grants: Grants
    tag_values: Mapping[str, frozenset[str]]
    service_roles: frozenset[str]
    access_tests: tuple[Mapping[str, Any], ...]


def platform_policy(names: RoleNames, document: Mapping[str, Any] | None = None) -> PlatformPolicy:
    """Read the compiled policy. For tasks, not for the top level of a DAG file.

    :param names: how to find the roles and buckets of the environment
    :param document: the compiled policy; None reads ``dags/contracts/platform.json``
    """
    policy = document or json.loads(POLICY_FILE.read_text(encoding="utf-8"))
    return PlatformPolicy(
        databases=tuple(policy["databases"]),
        admins=frozenset(names.arn(role) for role in policy["administrators"]["roles"]),
        other_admins=policy["administrators"]["others"],
        locations={names.bucket_arn(entry["bucket"]): names.arn(entry["role"]) for entry in policy["locations"]},
        grants=_grants(policy["roles"], names),
        tag_values={key.lower(): frozenset(map(str.lower, values)) for key, values in policy["lf_tags"].items()},
        service_roles=frozenset(names.arn(role["role"]) for role in policy["roles"]),
        access_tests=tuple(policy["access_tests"].get(names.env, ())),
    )


def _grants(roles: list[Mapping[str, Any]], names: RoleNames) -> dict[tuple[str, Resource], Rights]:
    return {
        (names.arn(role["role"]), resource): Rights(expand(permissions, resource.kind))
        for role in roles
        for resource, permissions in _held(role, names.bucket_arn)
    }


def _held(role: Mapping[str, Any], arn: Callable[[str], str]) -> Iterator[tuple[Resource, list[str]]]:
    for bucket in role["locations"]:
        yield Resource(Kind.LOCATION, name=arn(bucket)), ["DATA_LOCATION_ACCESS"]
    for database, permissions in role["databases"].items():
        yield Resource(Kind.DATABASE, database), permissions
    for database, permissions in role["all_tables"].items():
        yield Resource(Kind.ALL_TABLES, database), permissions
