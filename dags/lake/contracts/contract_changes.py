"""Differences between two versions of a contract, classified patch, minor or major.

The policy: what breaks a reader, a sender or somebody's privacy is major; what only adds is minor; words are patch.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose
from typing import Any

from lake.contracts.change import (
    DOCUMENTATION,
    NEXT_RUN,
    STOPS,
    Change,
    Level,
    by_name,
    custom_properties,
    differing,
    moved,
)  # fmt: skip
from lake.contracts.column_changes import classification_change, column_changes
from lake.contracts.lake_rules import HOURS
from lake.contracts.odcs import Document

_DESCRIBED = (
    "apiVersion", "authoritativeDefinitions", "contractCreatedTs", "description", "domain", "price", "support", "tags",
    "team", "tenant",
)  # fmt: skip
_IDENTITY = ("id", "name", "kind")
_LISTS = ("schema", "servers", "roles", "slaProperties", "customProperties")
_RULE_WORDS = ("name", "description", "businessImpact", "tags", "authoritativeDefinitions", "method")
_TABLE_WORDS = ("businessName", "description", "dataGranularityDescription", "authoritativeDefinitions", "tags", "id")
# Promises where a smaller number is the better one; the others (retention, availability) are better when they grow.
_LESS_IS_BETTER = ("freshness", "latency", "frequency", "timeToDetect", "timeToNotify", "timeToRepair")
_MONTH = 730.5  # hours of a twelfth of a year of 365.25 days, so that 7 y are 84 mo
_HOURS = (
    HOURS
    | dict.fromkeys(("s", "second", "seconds"), 1 / 3600)
    | dict.fromkeys(("m", "minute", "minutes"), 1 / 60)
    | dict.fromkeys(("w", "week", "weeks"), 168)
    | dict.fromkeys(("mo", "month", "months"), _MONTH)
    | dict.fromkeys(("y", "year", "years"), 12 * _MONTH)
)


def compare(old: Document, new: Document) -> list[Change]:
    """Return every difference of two versions of one contract, the gravest first.

    The order of columns, rules, roles and keys has no meaning. The version itself is not compared.

    :param old: the older contract
    :param new: the newer contract
    """
    found = [*_top_level(old, new), *_servers(old, new), *_roles(old, new), *_promises(old, new), *_custom(old, new)]
    before, after = _table(old), _table(new)
    found += [*column_changes(before, after), *_rules(before, after), *_table_fields(before, after)]
    return sorted(found, key=lambda change: (-change.level, change))


def _table(document: Document) -> Document:
    tables: list[Document] = document.get("schema", [])
    return tables[0] if tables else {}


def _top_level(old: Document, new: Document) -> Iterator[Change]:
    for field in differing(old, new, (*_LISTS, "version")):
        text = moved(old.get(field), new.get(field))
        if field in _IDENTITY:
            yield Change(field, text, Level.MAJOR, "It is another product to everybody who reads it.", STOPS)
        elif field in _DESCRIBED:
            yield Change(field, text, Level.PATCH, *DOCUMENTATION)
        else:
            yield Change(field, text, Level.MINOR, "Readers should know of it.", NEXT_RUN)


def _table_fields(old: Document, new: Document) -> Iterator[Change]:
    for field in differing(old, new, ("properties", "quality", "customProperties")):
        text, path = moved(old.get(field), new.get(field)), f"table.{field}"
        if field in _TABLE_WORDS:
            yield Change(path, text, Level.PATCH, *DOCUMENTATION)
        elif field in ("name", "physicalName"):
            yield Change(path, text, Level.MAJOR, "Statements name the table.", STOPS)
        else:
            yield Change(path, text, Level.MAJOR, "Rows are related to other tables in another way.", NEXT_RUN)
    before, after = custom_properties(old), custom_properties(new)
    for name in differing(before, after):
        why = "Deliveries are treated in another way: rows may be published that were not, or the reverse."
        yield Change(f"table.{name}", moved(before.get(name), after.get(name)), Level.MINOR, why, NEXT_RUN)


def _rules(old: Document, new: Document) -> Iterator[Change]:
    before, after = by_name(old.get("quality", []), "id"), by_name(new.get("quality", []), "id")
    for name in before.keys() | after.keys():
        yield from _rule(f"rules.{name}", before.get(name), after.get(name))


def _rule(path: str, old: Document | None, new: Document | None) -> Iterator[Change]:
    if old is None or new is None:
        rule = old or new or {}
        severity = rule.get("severity", "error")
        added = old is None
        if added and severity != "error":
            yield Change(path, f"added as {severity}", Level.MINOR, "It is counted and stops nothing.", NEXT_RUN)
        elif added:
            why = "Deliveries that were published may be quarantined or stopped: the sender must know."
            yield Change(path, "added as error", Level.MAJOR, why, NEXT_RUN)
        else:
            yield Change(path, f"removed ({severity})", Level.MAJOR, "Readers lose a promise.", NEXT_RUN)
        return
    was, now = old.get("severity", "error"), new.get("severity", "error")
    if was != now:
        why = "Readers lose a promise." if was == "error" else "It decides in another way what is published."
        level = Level.MAJOR if "error" in (was, now) else Level.MINOR
        yield Change(f"{path}.severity", moved(was, now), level, why, NEXT_RUN)
    for field in differing(old, new, ("id", "severity")):
        text = moved(old.get(field), new.get(field))
        if field in _RULE_WORDS:
            yield Change(f"{path}.{field}", text, Level.PATCH, *DOCUMENTATION)
        else:
            level = Level.MAJOR if now == "error" and field != "dimension" else Level.MINOR
            yield Change(f"{path}.{field}", text, level, "The rule says something else.", NEXT_RUN)


def _roles(old: Document, new: Document) -> Iterator[Change]:
    before, after = by_name(old.get("roles", []), "role"), by_name(new.get("roles", []), "role")
    for name in before.keys() | after.keys():
        yield from _role(f"roles.{name}", before.get(name), after.get(name))


def _role(path: str, old: Document | None, new: Document | None) -> Iterator[Change]:
    pipeline = "sync_permissions grants and revokes."
    if old is None and new is not None:
        if new.get("access") == "write" or custom_properties(new).get("includeTags"):
            why = "Privacy: somebody new may write, or read personal data."
            yield Change(path, "added with more than plain reading", Level.MAJOR, why, pipeline)
        else:
            yield Change(path, "added for reading", Level.MINOR, "It sees no personal data.", pipeline)
    elif new is None:
        yield Change(path, "removed", Level.MAJOR, "Its statements are refused.", pipeline)
    elif old is not None:
        yield from _changed_role(path, old, new, pipeline)


def _changed_role(path: str, old: Document, new: Document, pipeline: str) -> Iterator[Change]:
    before, after = custom_properties(old), custom_properties(new)
    for name in differing(before, after):
        text = moved(before.get(name), after.get(name))
        if name == "rowFilter" and name in before and name in after:
            why = "Privacy: other rows are readable, and nobody can tell whether fewer."
        elif _opens(name, before.get(name), after.get(name)):
            why = "Privacy: more is readable than before."
        else:
            why = "Less is readable than before: its statements miss rows or fail."
        yield Change(f"{path}.{name}", text, Level.MAJOR, why, pipeline)
    for field in differing(old, new, ("role", "customProperties")):
        text = moved(old.get(field), new.get(field))
        if field == "access":
            yield Change(f"{path}.access", text, Level.MAJOR, "It may do something else than before.", pipeline)
        else:
            yield Change(f"{path}.{field}", text, Level.PATCH, *DOCUMENTATION)


def _opens(name: str, old: Any, new: Any) -> bool:
    if name == "rowFilter":
        return new is None
    if name == "excludeColumns":
        return bool(set(old or []) - set(new or []))
    return bool(set(new or []) - set(old or [])) if name == "includeTags" else True


def _servers(old: Document, new: Document) -> Iterator[Change]:
    before, after = by_name(old.get("servers", []), "server"), by_name(new.get("servers", []), "server")
    for name in before.keys() | after.keys():
        was, now = before.get(name), after.get(name)
        if was is None or now is None:
            level, text = (Level.MINOR, "added") if was is None else (Level.MAJOR, "removed")
            yield Change(f"servers.{name}", text, level, "Readers and senders look for data there.", NEXT_RUN)
            continue
        was, now = ({**entry, **custom_properties(entry)} for entry in (was, now))
        for field in differing(was, now, ("server", "customProperties")):
            path, text = f"servers.{name}.{field}", moved(was.get(field), now.get(field))
            if field == "description":
                yield Change(path, text, Level.PATCH, *DOCUMENTATION)
            elif field in ("nullValues", "onRefusedFile"):
                yield Change(path, text, Level.MINOR, "Deliveries are read in another way.", NEXT_RUN)
            else:
                why = "Senders must deliver, or readers look, in another place or way."
                yield Change(path, text, Level.MAJOR, why, NEXT_RUN)


def _promises(old: Document, new: Document) -> Iterator[Change]:
    before, after = (_promises_by_name(document) for document in (old, new))
    for name in before.keys() | after.keys():
        path, was, now = f"slaProperties.{name}", before.get(name), after.get(name)
        if now is None:
            yield Change(path, "removed", Level.MAJOR, "Readers lose a promise.", NEXT_RUN)
        elif was is None:
            yield Change(path, "added", Level.MINOR, "A promise more.", NEXT_RUN)
        else:
            yield from _promise(path, name.split(" ")[0], was, now)


def _promise(path: str, name: str, old: Document, new: Document) -> Iterator[Change]:
    if (old.get("value"), old.get("unit")) != (new.get("value"), new.get("unit")):
        text = f"{old.get('value')} {old.get('unit')} -> {new.get('value')} {new.get('unit')}"
        if _kept(name, old, new):
            yield Change(path, text, Level.MINOR, "The promise is at least what it was.", NEXT_RUN)
        else:
            yield Change(path, text, Level.MAJOR, "Readers are promised less than before.", NEXT_RUN)
    for field in differing(old, new, ("value", "unit", "property", "element")):
        timing = field in ("schedule", "scheduler")
        reason = ("The day is ready at another time.", NEXT_RUN) if timing else DOCUMENTATION
        text = moved(old.get(field), new.get(field))
        yield Change(f"{path}.{field}", text, Level.MINOR if timing else Level.PATCH, *reason)


def _promises_by_name(document: Document) -> dict[str, Document]:
    return {
        " ".join(str(entry[field]) for field in ("property", "element") if entry.get(field)): entry
        for entry in document.get("slaProperties", [])
    }


def _kept(promise: str, old: Document, new: Document) -> bool:
    try:
        was, now = (float(entry["value"]) * _HOURS[entry["unit"]] for entry in (old, new))
    except (KeyError, TypeError, ValueError):
        return False  # what cannot be compared is not called better
    if isclose(now, was):
        return True
    return now <= was if promise in _LESS_IS_BETTER else now >= was


def _custom(old: Document, new: Document) -> Iterator[Change]:
    before, after = custom_properties(old), custom_properties(new)
    for name in differing(before, after):
        was, now = before.get(name), after.get(name)
        if name == "lfTags" and (was or {}).get("classification") != (now or {}).get("classification"):
            tags = [(value or {}).get("classification", "internal") for value in (was, now)]
            yield classification_change("lfTags.classification", *tags)
            was, now = ({k: v for k, v in (value or {}).items() if k != "classification"} for value in (was, now))
        if was != now:
            yield Change(name, moved(was, now), Level.MINOR, "The pipeline decides in another way.", NEXT_RUN)
