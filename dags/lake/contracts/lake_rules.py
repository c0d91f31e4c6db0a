"""Rules that need more than the day itself: other tables, history, or the clock. ``check_tables`` asks Athena.

Three places of a contract give such rules: ``quality`` entries of engine ``sluice`` with a ``check``, ``relationships``
(foreign keys), and the SLA property ``freshness``.
"""

from __future__ import annotations

from typing import Any

from lake.contracts.odcs import Document, custom_property, sla

ENGINE = "sluice"
# Arguments by check, each with its default; None: must be given.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "volume_anomaly": {"weeks": 8, "tolerance": 4, "floorPercent": 5, "ignoreDays": []},
    "reconciliation": {"measure": None, "product": None, "productMeasure": None, "tolerancePercent": 0},
}
EXAMPLES = {
    "volume_anomaly": "Write {check: volume_anomaly}, optionally with weeks, tolerance, floorPercent and ignoreDays.",
    "reconciliation": (
        "Write {check: reconciliation, measure: <aggregate>, product: <product>, productMeasure: <aggregate>}, "
        "optionally with tolerancePercent."
    ),
}
CHECKS = tuple(ARGUMENTS)
HOURS = {"h": 1, "hour": 1, "hours": 1, "d": 24, "day": 24, "days": 24}


def lake_rules(document: Document) -> list[dict[str, Any]]:
    """Compile these rules, with what each needs under ``arguments``.

    :param document: the contract
    """
    table = document["schema"][0]
    rules = [_written_rule(quality) for quality in table.get("quality", []) if is_lake_rule(quality)]
    rules += [_relationship_rule(found) for found in relationships(table)]
    if (freshness := _freshness_rule(document)) is not None:
        rules.append(freshness)
    return rules


def is_lake_rule(quality: Document) -> bool:
    """Tell whether a rule is evaluated against other tables or history.

    :param quality: an entry of ``quality``
    """
    implementation = quality.get("implementation")
    return quality.get("engine") == ENGINE and isinstance(implementation, dict) and "check" in implementation


def missing_arguments(check: str, arguments: Document) -> list[str]:
    """Return the arguments that a check needs and was not given.

    :param check: one of ``CHECKS``
    :param arguments: what was given
    """
    return [name for name, default in ARGUMENTS[check].items() if default is None and name not in arguments]


def relationships(table: Document) -> list[dict[str, Any]]:
    """Return the foreign keys of a table: own columns, product referred to, and its columns.

    :param table: an entry of ``schema``
    """
    found = []
    for column in table.get("properties", []):
        for entry in column.get("relationships", []):
            found.append(_relationship([column["name"]], entry))
    for entry in table.get("relationships", []):
        own = [entry["from"]] if isinstance(entry["from"], str) else entry["from"]
        found.append(_relationship([name.rsplit(".", 1)[-1] for name in own], entry))
    return found


def _relationship(columns: list[str], entry: Document) -> dict[str, Any]:
    references = [entry["to"]] if isinstance(entry["to"], str) else entry["to"]
    parts = [reference.rsplit(".", 1) for reference in references]
    return {
        "id": entry.get("id") or f"{'_'.join(columns)}_known",
        "columns": columns,
        "to_product": parts[0][0],
        "to_columns": [part[-1] for part in parts],
        "severity": custom_property(entry, "severity", "warning"),
        "grace_days": custom_property(entry, "graceDays", 0),
    }


def _relationship_rule(found: dict[str, Any]) -> dict[str, Any]:
    target = f"{found['to_product']}({', '.join(found['to_columns'])})"
    return {
        "id": found["id"],
        "name": f"{', '.join(found['columns'])} is known in {target}",
        "severity": found["severity"],
        "dimension": "consistency",
        "check": "referential_integrity",
        "arguments": {name: found[name] for name in ("columns", "to_product", "to_columns", "grace_days")},
    }


def _freshness_rule(document: Document) -> dict[str, Any] | None:
    promise = sla(document, "freshness")
    if not promise:
        return None
    hours = promise["value"] * HOURS[promise["unit"]]
    column = promise["element"].rsplit(".", 1)[-1]
    return {
        "id": "freshness",
        "name": f"{column} is at most {hours} h old when the day ends",
        "severity": "warning",
        "dimension": "timeliness",
        "check": "freshness",
        "arguments": {"column": column, "hours": hours},
    }


def _written_rule(quality: Document) -> dict[str, Any]:
    check = quality["implementation"]["check"]
    given = {name: value for name, value in quality["implementation"].items() if name != "check"}
    return {
        "id": quality["id"],
        "name": str(quality.get("name", quality["id"])),
        "severity": quality["severity"],
        "dimension": quality["dimension"],
        "check": check,
        "arguments": ARGUMENTS[check] | given,
    }
