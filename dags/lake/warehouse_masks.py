"""Who sees which column in the warehouse: roles, rights and masks of a contract as Redshift statements.

The second line behind what the job masks, from the same declaration that Lake Formation follows. Nobody reads a table
without a grant; a role that the contract does not let see personal data gets NULL instead. A role that may see only
some rows gets nothing: masks hide columns, not rows.

Redshift's rules ("Dynamic data masking policy hierarchy"): one policy per column and role, and policies on one column
have different priorities.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PREFIX = "hide_"
FIRST_PRIORITY = 10
ROLES = "SELECT role_name FROM svv_roles"
POLICIES = f"SELECT policy_name FROM svv_masking_policy WHERE policy_name LIKE '{PREFIX}%'"
_ATTACHED = (
    "SELECT policy_name, table_name, output_columns, grantee, priority FROM svv_attached_masking_policy"
    f" WHERE schema_name = '{{schema}}' AND policy_name LIKE '{PREFIX}%'"
)
_COLUMNS = (
    "SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale"
    " FROM svv_columns WHERE table_schema = '{schema}'"
)
_TYPES = {"character varying": "varchar", "numeric": "decimal", "timestamp without time zone": "timestamp"}


@dataclass(frozen=True)
class Mask:
    """A masking policy on a column for a role.

    :param policy: name of the policy
    :param priority: higher wins where a user has several roles
    """

    policy: str
    table: str
    column: str
    role: str
    priority: int


@dataclass(frozen=True)
class Found:
    """What the warehouse has.

    :param columns: type of each column, by table
    """

    roles: frozenset[str]
    policies: frozenset[str]
    masks: frozenset[Mask]
    columns: Mapping[str, Mapping[str, str]]


def queries(schema: str) -> list[str]:
    """Return the queries that :func:`found` reads, in its order.

    :param schema: schema in Redshift
    """
    return [ROLES, POLICIES, _ATTACHED.format(schema=schema), _COLUMNS.format(schema=schema)]


def found(answers: Sequence[Sequence[Sequence[Any]]]) -> Found:
    """Read the answers of :func:`queries`.

    :param answers: rows of each query
    """
    roles, policies, attached, listed = answers
    columns: dict[str, dict[str, str]] = {}
    for table, name, kind, length, precision, scale in listed:
        columns.setdefault(str(table), {})[str(name)] = _type(str(kind), length, precision, scale)
    masks = {
        Mask(str(policy), str(table), re.sub(r'[\["\]\s]', "", str(column)), str(role), int(priority))
        for policy, table, column, role, priority in attached
    }
    return Found(_names(roles), _names(policies), frozenset(masks), columns)


def statements(compiled: Mapping[str, Any], schema: str, tables: Sequence[str], state: Found) -> Iterator[str]:
    """Return what brings the warehouse to the contract. Masks come before rights: no moment shows too much.

    :param compiled: the compiled contract
    :param schema: schema in Redshift
    :param tables: tables and materialized views that hold the product; others of the schema are not touched
    :param state: what there is
    """
    readers = [role for role in compiled["permissions"]["roles"] if role["access"] == "read"]
    wanted = {mask: kind for role in readers for mask, kind in _masks(role, readers, tables, state)}
    open_to = [role for role in readers if not role["row_filter"]]
    for role in open_to:
        if role_name(role) not in state.roles:
            yield f"CREATE ROLE {role_name(role)}"
    known = set(state.policies)
    for mask, kind in wanted.items():
        if mask.policy not in known:
            known.add(mask.policy)
            yield f"CREATE MASKING POLICY {mask.policy} WITH (hidden {kind}) USING (CAST(NULL AS {kind}))"
    for mask in sorted(_surplus(wanted, tables, state), key=str):
        yield f"DETACH MASKING POLICY {mask.policy} ON {schema}.{mask.table}({mask.column}) FROM ROLE {mask.role}"
    for mask in wanted:
        if mask not in state.masks:
            yield (
                f"ATTACH MASKING POLICY {mask.policy} ON {schema}.{mask.table}({mask.column}) TO ROLE {mask.role}"
                f" PRIORITY {mask.priority}"
            )
    present = ", ".join(f"{schema}.{table}" for table in tables if table in state.columns)
    for role in readers:
        if role in open_to:
            yield f"GRANT USAGE ON SCHEMA {schema} TO ROLE {role_name(role)}"
            if present:
                yield f"GRANT SELECT ON {present} TO ROLE {role_name(role)}"
        elif role_name(role) in state.roles and present:
            yield f"REVOKE SELECT ON {present} FROM ROLE {role_name(role)}"


def role_name(role: Mapping[str, Any]) -> str:
    """Return the database role of a contract's role.

    :param role: entry of the compiled contract
    """
    return str(role["role"]).replace("-", "_")


def _masks(
    role: Mapping[str, Any], readers: Sequence[Mapping[str, Any]], tables: Sequence[str], state: Found
) -> Iterator[tuple[Mask, str]]:
    if role["row_filter"]:
        return
    priority = FIRST_PRIORITY + readers.index(role)
    for table in tables:
        for column, kind in state.columns.get(table, {}).items():
            if column in role["excluded_columns"]:
                policy = PREFIX + re.sub(r"\W+", "_", kind).strip("_")
                yield Mask(policy, table, column, role_name(role), priority), kind


def _surplus(wanted: Mapping[Mask, str], tables: Sequence[str], state: Found) -> Iterator[Mask]:
    """Masks of ours that the contract does not ask for (any more), or that stand with another priority."""
    for mask in state.masks:
        if mask.table in tables and mask not in wanted:
            yield mask


def _names(rows: Sequence[Sequence[Any]]) -> frozenset[str]:
    return frozenset(str(name) for (name,) in rows)


def _type(kind: str, length: Any, precision: Any, scale: Any) -> str:
    kind = _TYPES.get(kind.lower(), kind.lower())
    if kind == "varchar":
        return f"varchar({length})"
    return f"decimal({precision},{scale})" if kind == "decimal" else kind
