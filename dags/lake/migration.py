"""A published table that cannot follow its contract: what would be set aside, and what that means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lake.catalog import VERSION, CatalogConflictError, ContractTable, followed


def breaking_difference(wanted: ContractTable, existing: Mapping[str, Any]) -> str:
    """Return why a table cannot follow its contract by itself, or an empty text.

    :param wanted: result of ``lake.catalog.contract_tables``
    :param existing: ``Table`` as GetTable answers it
    :raises CatalogConflictError: if the contract is older than the table: no migration goes back
    """
    try:
        followed(existing, wanted)
    except CatalogConflictError as error:
        if major(existing["Parameters"].get(VERSION, "0")) > major(wanted.definition["Parameters"][VERSION]):
            raise
        return str(error).split(". This is a breaking change", 1)[0].split(". Partition keys cannot", 1)[0]
    return ""


def major(version: str) -> int:
    """Return the first number of a semantic version.

    :param version: for example ``1.4.0``
    """
    first = version.split(".", 1)[0]
    return int(first) if first.isdigit() else 0


def kept_name(table: str, version: str) -> str:
    """Return the name under which the old table stays readable.

    :param table: name of the published table
    :param version: contract version it follows
    """
    return f"{table}_v{major(version)}"


def note(plan: Mapping[str, Any]) -> str:
    """Return what the person who decides must know, in Markdown.

    :param plan: result of ``PlanMigrationOperator``
    """
    days: Sequence[str] = plan["days"]
    span = f"{days[0]} to {days[-1]}, {len(days)} in all" if days else "none"
    differences = "\n".join(f"- {line}" for line in plan["differences"])
    readers = ", ".join(plan["readers"]) or "nobody but the lake itself"
    return (
        f"### {plan['database']}.{plan['table']}: contract {plan['from']} -> {plan['to']}\n\n"
        f"{differences}\n\n"
        f"If you approve\n"
        f"1. the table and its published days ({span}) stay readable as `{plan['database']}.{plan['kept']}`; nobody "
        "but the lake's own roles may read it until somebody grants it;\n"
        f"2. `{plan['database']}.{plan['table']}` begins anew, empty, as contract {plan['to']} says. Its readers "
        f"({readers}) see days that are published from then on;\n"
        "3. run the days again that were delivered in the new form. Files are neither moved nor deleted.\n"
    )
