"""The permissions a data contract asks for, as the state its published table should have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lake.lake_formation.resources import Kind, Resource, expand
from lake.lake_formation.state import Rights, RowFilter, TableName, TableState


class ContractPermissionError(ValueError):
    """The contract asks for permissions that Lake Formation cannot give."""


@dataclass(frozen=True)
class RoleNames:
    """Turns the short role names of contracts into principals of one environment.

    :param account_id: twelve digits
    :param prefix: first part of role names, such as ``sluice``
    :param env: environment, such as ``dev``
    """

    account_id: str
    prefix: str
    env: str

    def arn(self, role: str) -> str:
        """ARN of a role.

        :param role: short name such as ``uk-analyst``; a full ARN is taken as it is
        """
        if role.startswith("arn:"):
            return role
        return f"arn:aws:iam::{self.account_id}:role/{self.prefix}-{self.env}-{role}"

    def bucket_arn(self, zone: str) -> str:
        """ARN of the bucket of a zone: landing, staging, ...; what has a slash in it is a prefix in one."""
        bucket, slash, prefix = zone.partition("/")
        return f"arn:aws:s3:::{self.prefix}-{self.env}-{bucket}{slash}{prefix}"

    def short(self, principal: str) -> str:
        """What a person calls a principal: the contract's name for roles of this environment."""
        name = principal.rsplit("/", 1)[-1]
        return name.removeprefix(f"{self.prefix}-{self.env}-")

    def is_ours(self, principal: str) -> bool:
        """True for the roles of this environment, which contracts may name."""
        return principal.startswith(self.arn(""))


def desired_state(contract: Mapping[str, Any], names: RoleNames) -> TableState:
    """The state the published table of a product should have.

    :param contract: compiled contract
    :param names: how to find the roles
    :raises ContractPermissionError: for a role that excludes all columns or a column that does not exist
    """
    table = TableName(contract["databases"]["curated"], contract["product"])
    columns = tuple(column["name"].lower() for column in contract["columns"])
    permissions = contract["permissions"]
    grants: dict[tuple[str, Resource], Rights] = {}
    filters: dict[str, RowFilter] = {}
    for role in permissions["roles"]:
        filters |= _filters(contract["product"], role, columns)
        for resource, held in _rights(table, contract["product"], role, columns):
            key = (names.arn(role["role"]), resource)
            grants[key] = Rights(held | grants.get(key, Rights(frozenset())).permissions)
    tags = dict(permissions.get("lf_tags") or {})
    column_tags = {column: dict(values) for column, values in (permissions.get("column_tags") or {}).items()}
    return TableState(table, grants, filters, _lower(tags), _lower_all(column_tags), _tag_values(tags, column_tags))


def _rights(
    table: TableName, product: str, role: Mapping[str, Any], columns: tuple[str, ...]
) -> Iterator[tuple[Resource, frozenset[str]]]:
    """What a role holds. Readers who may not see everything get a list of columns, never a list of exceptions: a column
    added tomorrow stays hidden from them until the contract shows it.
    """
    visible = _visible(product, role, columns)
    if role["access"] == "write" or (visible == columns and not role["row_filter"]):
        yield Resource(Kind.TABLE, table.database, table.table), expand(role["permissions"])
    elif role["row_filter"]:
        name = filter_name(product, role["role"])
        yield Resource(Kind.FILTER, table.database, table.table, name), frozenset({"DESCRIBE", "SELECT"})
    else:
        for column in visible:
            yield Resource(Kind.COLUMN, table.database, table.table, column), frozenset({"SELECT"})


def _filters(product: str, role: Mapping[str, Any], columns: tuple[str, ...]) -> dict[str, RowFilter]:
    if role["access"] == "write" or not role["row_filter"]:
        return {}
    visible = tuple(sorted(_visible(product, role, columns)))
    return {filter_name(product, role["role"]): RowFilter(role["row_filter"], visible)}


def filter_name(product: str, role: str) -> str:
    """Name of the data cells filter of a role on a product; the product's own filters are told apart by it."""
    return f"{product}__{role.rsplit('/', 1)[-1]}"


def _visible(product: str, role: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    hidden = {column.lower() for column in role["excluded_columns"]}
    unknown = sorted(hidden - set(columns))
    if unknown:
        raise ContractPermissionError(
            f"Contract {product}: role {role['role']} excludes {', '.join(unknown)}, which the product does not have."
        )
    visible = tuple(column for column in columns if column not in hidden)
    if not visible:
        raise ContractPermissionError(f"Contract {product}: role {role['role']} may see no column; remove the role.")
    return visible


def _lower(tags: Mapping[str, str]) -> dict[str, str]:
    # Lake Formation stores keys and values in lower case.
    return {key.lower(): value.lower() for key, value in tags.items()}


def _lower_all(column_tags: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {column.lower(): _lower(tags) for column, tags in column_tags.items()}


def _tag_values(tags: Mapping[str, str], column_tags: Mapping[str, Mapping[str, str]]) -> dict[str, frozenset[str]]:
    values: dict[str, frozenset[str]] = {}
    for assignment in (tags, *column_tags.values()):
        for key, value in _lower(assignment).items():
            values[key] = values.get(key, frozenset()) | {value}
    return values
