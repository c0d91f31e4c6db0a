"""Differences between the columns of two versions of a contract, each with what it means for readers and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
    shown,
)  # fmt: skip
from lake.contracts.odcs import Document

# From open to closed; a column without a classification is internal (as compiled).
CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")
_INTEGERS = ("smallint", "int", "bigint")
_FLOATS = ("float", "double")
_SIZED = re.compile(r"(varchar|decimal)\((\d+)(?:, ?(\d+))?\)")
_KEY = ("primaryKey", "primaryKeyPosition", "unique")
_PARTITION = ("partitioned", "partitionKeyPosition")
_DESCRIBED = (
    "authoritativeDefinitions", "businessName", "deprecated", "description", "examples", "id", "semanticType",
    "synonyms", "transformDescription",
)  # fmt: skip
_REFUSED = "Deliveries without it are refused as a whole; publish a new product version, or add it nullable first."
_COMPARED_APART = ("name", "physicalType", "required", "classification", "tags", "customProperties")


def column_changes(old: Document, new: Document) -> Iterator[Change]:
    """Compare the columns of a table by name; their order has no meaning.

    :param old: entry of ``schema`` in the older contract
    :param new: the same in the newer contract
    """
    before, after = by_name(old.get("properties", []), "name"), by_name(new.get("properties", []), "name")
    gone = {name: column for name, column in before.items() if name not in after}
    added = {name: column for name, column in after.items() if name not in before}
    for was, now in _renamed(gone, added):
        path, text = f"columns.{was}", f"renamed to {now}"
        yield Change(path, text, Level.MAJOR, "Every statement that names the old column fails.", STOPS)
        # A renamed column may have changed besides, and privacy must not slip through with the new name.
        yield from _changes(f"columns.{now}", gone.pop(was), added.pop(now))
    for name in gone:
        yield Change(
            f"columns.{name}", "dropped", Level.MAJOR, "Every statement that names the column fails.", STOPS
        )  # fmt: skip
    for name, column in added.items():
        yield _added(name, column)
    for name in before.keys() & after.keys():
        yield from _changes(f"columns.{name}", before[name], after[name])


def wider(old: str, new: str) -> bool | None:
    """Tell whether every value of a type is a value of another.

    :param old: physical type of the older version
    :param new: physical type of the newer version
    :return: True for a wider type, False for one that loses values, None for another family of types
    """
    old, new = old.strip().lower(), new.strip().lower()
    for family in (_INTEGERS, _FLOATS):
        if old in family and new in family:
            return family.index(new) > family.index(old)
    before, after = _SIZED.fullmatch(old), _SIZED.fullmatch(new)
    if before is None or after is None or before[1] != after[1]:
        return None
    # Of a decimal only the precision may grow: another scale rounds, or moves the point in old files.
    return before[3] == after[3] and int(after[2]) > int(before[2])


def _renamed(gone: dict[str, Document], added: dict[str, Document]) -> list[tuple[str, str]]:
    """Return old and new names: one delivered field or one type, and no other column it could be."""
    pairs = []
    for was in sorted(gone):
        alike = [now for now in sorted(added) if _alike(gone[was], added[now])]
        rivals = [name for name in gone if alike and _alike(gone[name], added[alike[0]])]
        if len(alike) == 1 and len(rivals) == 1:
            pairs.append((was, alike[0]))
    return pairs


def _alike(old: Document, new: Document) -> bool:
    if old.get("physicalType") != new.get("physicalType"):
        return False
    sources = old.get("transformSourceObjects"), new.get("transformSourceObjects")
    return sources[0] == sources[1] or None in sources


def _added(name: str, column: Document) -> Change:
    path, text = f"columns.{name}", f"added as {shown(column.get('physicalType'))}"
    if any(column.get(field) for field in ("required", *_KEY, *_PARTITION)):
        why = "Published days and older deliveries do not have it, and it may not be NULL."
        return Change(path, f"{text}, required or part of a key", Level.MAJOR, why, _REFUSED)
    why = "Readers who name their columns see no difference."
    return Change(path, text, Level.MINOR, why, "ensure_tables adds it to the tables; published days read NULL.")


def _changes(path: str, old: Document, new: Document) -> Iterator[Change]:
    yield from _type_change(path, str(old.get("physicalType")), str(new.get("physicalType")))
    yield from _required_change(path, bool(old.get("required")), bool(new.get("required")))
    yield from _privacy_changes(path, old, new)
    yield from _custom_changes(path, custom_properties(old), custom_properties(new))
    for field in differing(old, new, _COMPARED_APART):
        yield _field_change(f"{path}.{field}", field, moved(old.get(field), new.get(field)))


def _type_change(path: str, old: str, new: str) -> Iterator[Change]:
    if old == new:
        return
    kind = wider(old, new)
    path = f"{path}.physicalType"
    if kind:
        why = "Every value there is fits the wider type."
        yield Change(path, moved(old, new), Level.MINOR, why, _widening(old))
    elif kind is None:
        yield Change(path, moved(old, new), Level.MAJOR, "Another kind of type: statements and files differ.", STOPS)
    else:
        why = "The new type cannot hold every value of the old one, or holds it with another scale."
        yield Change(path, moved(old, new), Level.MAJOR, why, STOPS)


def _widening(old: str) -> str:
    if old.startswith("varchar"):
        return "The catalog knows string only and stays as it is; the warehouse's column is widened by ensure_table."
    if old.startswith("decimal"):
        return "The files of published days have fewer digits, and Athena does not cast them. " + STOPS
    return "ensure_tables follows; published days keep the narrow type, which Athena casts."


def _required_change(path: str, old: bool, new: bool) -> Iterator[Change]:
    path = f"{path}.required"
    if new and not old:
        why = "Rows without a value were published and are not any more."
        yield Change(path, "became required", Level.MAJOR, why, "Such rows are quarantined from the next run on.")
    if old and not new:
        why = "Readers may rely on it never being NULL."
        yield Change(path, "may be NULL now", Level.MAJOR, why, NEXT_RUN)


def _privacy_changes(path: str, old: Document, new: Document) -> Iterator[Change]:
    was, now = old.get("classification", "internal"), new.get("classification", "internal")
    if was != now:
        yield classification_change(f"{path}.classification", was, now)
    tags, new_tags = set(old.get("tags", [])), set(new.get("tags", []))
    if "pii" in tags - new_tags:
        why = "Privacy: readers without includeTags see personal data."
        yield Change(f"{path}.tags", "pii removed", Level.MAJOR, why, "sync_permissions opens the column to them.")
    if "pii" in new_tags - tags:
        why = "Readers without includeTags lose the column."
        yield Change(f"{path}.tags", "pii added", Level.MAJOR, why, "sync_permissions closes the column to them.")
    if tags - {"pii"} != new_tags - {"pii"}:
        yield Change(f"{path}.tags", moved(sorted(tags), sorted(new_tags)), Level.PATCH, *DOCUMENTATION)


def classification_change(path: str, old: str, new: str) -> Change:
    """Judge another classification; an unknown one counts as open, so that weakening is never overlooked.

    :param path: place for the message
    :param old: classification of the older version
    :param new: classification of the newer version
    """
    rank = {name: position for position, name in enumerate(CLASSIFICATIONS)}
    pipeline = "sync_permissions sets the new LF-tag."
    if rank.get(new, -1) < rank.get(old, len(rank)):
        return Change(path, moved(old, new), Level.MAJOR, "Privacy: the protection is weakened.", pipeline)
    return Change(path, moved(old, new), Level.MINOR, "The protection is strengthened.", pipeline)


def _custom_changes(path: str, old: Document, new: Document) -> Iterator[Change]:
    for name in differing(old, new):
        text, place = moved(old.get(name), new.get(name)), f"{path}.{name}"
        if name == "masking":
            removed = name not in new
            why = "Privacy: values become readable." if removed else "Other values: joins with old days break."
            yield Change(place, text, Level.MAJOR, why, NEXT_RUN)
        else:
            yield _field_change(place, name, text)


def _field_change(path: str, field: str, text: str) -> Change:
    if field in _DESCRIBED:
        return Change(path, text, Level.PATCH, *DOCUMENTATION)
    if field in _PARTITION:
        return Change(path, text, Level.MAJOR, "Another partition: files and statements are laid out by it.", STOPS)
    if field in _KEY:
        why = "Another key: joins and the warehouse's merge rely on it."
        return Change(path, text, Level.MAJOR, why, NEXT_RUN)
    if field == "transformSourceObjects":
        why = "Senders must deliver another field."
        return Change(path, text, Level.MAJOR, why, "check_schema refuses files without it.")
    if field in ("logicalTypeOptions", "enum", "logicalType"):
        why = "Other values pass than before: senders and readers rely on which."
        return Change(path, text, Level.MAJOR, why, NEXT_RUN)
    if field in ("quality", "relationships"):
        return Change(path, text, Level.MAJOR, "A rule says something else about the rows.", NEXT_RUN)
    return Change(path, text, Level.MINOR, "Values or their handling may differ in new days.", NEXT_RUN)
