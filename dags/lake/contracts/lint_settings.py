"""Settings of a contract that nothing would keep: refused, with what is really done and how to say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from lake.contracts import expectations, lake_rules, row_rules
from lake.contracts.columns import compiled_columns
from lake.contracts.odcs import Document, Problem, custom_property, known_instead, server, sla

_CSV = ("delimiter", "quote", "maxRecordBytes")
_RELATIONSHIP = ("severity", "graceDays", "reason")
# What the cleaning job does in any case: said in a contract, it must be said as it is.
_ALWAYS: dict[str, dict[str, tuple[str, str]]] = {
    "duplicates": {
        "identicalIn": ("allDeliveredColumns", "Lines that are equal in every delivered column are one line"),
    },
    "schemaEvolution": {
        "onUnknownColumn": ("rescue", "Unknown columns are kept in staging, column rescued"),
        "onMissingOptionalColumn": ("null", "A missing optional column is NULL"),
        "onMissingRequiredColumn": ("refuseFile", "A file without a required column is refused"),
    },
}
# Checks of the cleaning job itself: their results lie beside those of rules (glue_jobs.report, personal_data).
_JOB_CHECKS = (
    "columns_complete", "columns_known", "files_not_empty", "files_readable", "personal_data_classified",
    "personal_data_declared", "quarantine_share_allowed", "quarantine_share_low", "rejected_by_person",
)  # fmt: skip
_OPTIONS = ("format", "maximum", "minimum", "pattern", "timezone")
_OTHER_WORDS = {
    "minLength": "Write a pattern, for example ^.{3,}$.",
    "maxLength": "Write physicalType: varchar(n), in bytes, or a pattern, for example ^.{0,10}$.",
    "exclusiveMinimum": "Write a rule, for example failsWhen: price <= 0.",
    "exclusiveMaximum": "Write a rule, for example failsWhen: price >= 100.",
    "multipleOf": "Write a rule, for example failsWhen: pieces % 6 <> 0.",
}


def settings_problems(document: Document) -> Iterator[Problem]:
    """Find settings that no code reads, or that say something else than what is done.

    :param document: the contract, with one table
    """
    yield from _landing_problems(server(document, "landing"))
    yield from _schedule_problems(str(sla(document, "frequency").get("schedule", "0 0 * * *")))
    table = document["schema"][0]
    for name, settings in _ALWAYS.items():
        found = custom_property(table, name, {})
        if not isinstance(found, dict):
            yield Problem(f"schema[0].{name}", f"is {found!r}", f"Write a mapping of {', '.join(settings)}.")
            continue
        yield from _unknown_keys(f"schema[0].{name}", found, settings)
        for key, (value, done) in settings.items():
            if key in found and found[key] != value:
                fix = f"{done}, in every product: write {value!r} or leave it out."
                yield Problem(f"schema[0].{name}.{key}", f"{found[key]!r} is not what is done", fix)
    for position, column in enumerate(table.get("properties", [])):
        path = f"schema[0].properties[{position}].logicalTypeOptions"
        options = column.get("logicalTypeOptions", {})
        low, high = options.get("minLength"), options.get("maxLength")
        if isinstance(low, int) and isinstance(high, int) and low > high:
            yield Problem(path, f"minLength {low} is above maxLength {high}", "No value could keep both.")
        for key in options:
            if key not in _OPTIONS:
                fix = _OTHER_WORDS.get(key, f"Checked are {', '.join(_OPTIONS)}.")
                yield Problem(path, f"nothing checks {key}", fix)
        for entry in column.get("relationships", []):
            yield from _relationship_problems(column.get("name", ""), entry)
    for entry in table.get("relationships", []):
        yield from _relationship_problems("of the table", entry)


def rule_id_problems(document: Document) -> Iterator[Problem]:
    """Find ids that two rules would have, those included that columns, records and relationships bring along.

    :param document: a contract that is sound otherwise
    """
    table = document["schema"][0]
    columns = compiled_columns(table, [])
    rules: list[dict[str, Any]] = [
        *row_rules.structure_rules(),
        *row_rules.row_rules(table, columns),
        *expectations.table_rules(table, columns),
        *lake_rules.lake_rules(document),
    ]
    for rule_id, count in Counter([*_JOB_CHECKS, *(str(rule["id"]) for rule in rules)]).items():
        if count > 1:
            what = f"{count} rules have the id {rule_id!r}, those included that columns and records bring along"
            fix = "Give the written rule or relationship another id: rows and results are counted under it."
            yield Problem("schema[0].quality", what, fix)


def _landing_problems(landing: Document) -> Iterator[Problem]:
    encoding = landing.get("encoding", "UTF-8")
    if str(encoding).upper() not in ("UTF-8", "UTF8"):
        fix = "Files are read as UTF-8 only: have the sender deliver UTF-8, and write encoding: UTF-8."
        yield Problem("servers", f"encoding {encoding!r} of server `landing` is not read", fix)
    csv = custom_property(landing, "csv", {})
    if not isinstance(csv, dict):
        yield Problem("servers", f"csv is {csv!r}", f"Write a mapping of {', '.join(_CSV)}.")
        return
    yield from _unknown_keys("servers csv", csv, _CSV)
    signs = {"delimiter": csv.get("delimiter", ","), "quote": csv.get("quote", '"')}
    for name, sign in signs.items():
        if not (isinstance(sign, str) and len(sign) == 1 and sign not in "\r\n\x00"):
            yield Problem("servers csv", f"{name} is {sign!r}", "Write one character, which is no line break.")
    if signs["delimiter"] == signs["quote"]:
        yield Problem("servers csv", f"delimiter and quote are both {signs['quote']!r}", "Write two characters.")


def _schedule_problems(schedule: str) -> Iterator[Problem]:
    from croniter import croniter  # here, not above: DAG files import this package and never read a contract

    if len(schedule.split()) != 5 or not croniter.is_valid(schedule):
        fix = 'Write minute, hour, day of the month, month and day of the week, for example "0 3 * * *".'
        yield Problem("slaProperties", f"schedule {schedule!r} is no cron expression", fix)


def _relationship_problems(owner: str, entry: Document) -> Iterator[Problem]:
    names = [str(found.get("property")) for found in entry.get("customProperties", [])]
    yield from _unknown_keys(f"relationships {entry.get('id', owner)}", names, _RELATIONSHIP)


def _unknown_keys(path: str, found: Iterable[str], known: Collection[str]) -> Iterator[Problem]:
    for name in found:
        if name not in known:
            yield Problem(path, f"has unknown {name!r}", known_instead(str(name), known))
