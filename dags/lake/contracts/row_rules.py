"""Row rules: one null-safe SQL predicate each, true when a row breaks the rule.

The same predicate counts, samples and splits, so a number in a report always equals the rows behind it.
Predicates see the typed columns by name and the delivered text as ``raw.<header name>``.
"""

from __future__ import annotations

import re
from typing import Any

from lake.contracts.columns import is_blank, sql_literal, sql_name
from lake.contracts.masking import longest_clear_value
from lake.contracts.odcs import Document

ENGINE = "sluice"

STRUCTURE_RULES = (
    # Found while a file is read, before there are columns to test.
    ("record_wrong_field_count", "A record has as many fields as the header"),
    ("record_not_utf8", "A record is UTF-8 text"),
    ("record_not_csv", "Quotes of a record are closed and line breaks are inside quotes"),
    ("record_too_long", "A record is not longer than the contract allows"),
    ("record_has_nul", "A record holds no NUL character, which the warehouse cannot store"),
)


def structure_rules() -> list[dict[str, Any]]:
    """Return the rules about records that are quarantined as they are, before any column is tested."""
    return [
        _rule(rule_id, name, "", "error", "conformity", None, None, "structure") for rule_id, name in STRUCTURE_RULES
    ]


def row_rules(table: Document, columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules the columns bring along, then the written ones, in the order of the contract.

    :param table: an entry of ``schema``
    :param columns: result of ``compiled_columns``
    """
    rules = [rule for column in columns if column["source"] for rule in _column_rules(column)]
    names = [column["name"] for column in columns]
    rules += [_computed_rule(column, names) for column in columns if column["derived"] and column["required"]]
    for quality in table.get("quality", []):
        if quality.get("engine") == ENGINE and "failsWhen" in quality["implementation"]:
            rules.append(_written_rule(quality))
    return rules


def null_safe(predicate: str) -> str:
    """Return a predicate that is false where the original is unknown.

    :param predicate: SQL, true when a row breaks the rule
    """
    return f"coalesce(({predicate}), false)"


def anchored(pattern: str) -> str:
    """Return a pattern whose end is the end of the text.

    In Java, ``$`` also matches before a final line break, which a quoted CSV field may hold.

    :param pattern: regular expression of the contract
    """
    return f"{pattern[:-1]}\\z" if pattern.endswith("$") and not pattern.endswith("\\$") else pattern


def _written_rule(quality: Document) -> dict[str, Any]:
    predicate = " ".join(str(quality["implementation"]["failsWhen"]).split())
    return _rule(
        quality["id"],
        str(quality.get("name", quality["id"])),
        " ".join(quality.get("description", "").split()),
        quality["severity"],
        quality["dimension"],
        None,
        null_safe(predicate),
        "contract",
    )


def _computed_rule(column: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Return the rule that a derived column has a value wherever its inputs have one (an overflow gives none)."""
    words = re.findall(r"\b[a-z_]\w*\b", re.sub(r"'[^']*'", "", column["expression"]))
    inputs = [name for name in names if name in words]
    known = " AND ".join(f"{name} IS NOT NULL" for name in inputs) or "true"
    text = f"{column['name']} can be computed"
    predicate = null_safe(f"{column['name']} IS NULL AND {known}")
    name = column["name"]
    return _rule(f"{name}_not_computable", text, "", "error", "conformity", name, predicate, "column")


def _column_rules(column: dict[str, Any]) -> list[dict[str, Any]]:
    name, raw, typed = column["name"], f"raw.{sql_name(column['source'])}", column["name"]
    blank = is_blank(raw, column["null_texts"])
    options: dict[str, Any] = column["options"]
    found: list[tuple[str, str, str, str]] = []
    if column["required"]:
        predicate = f"{typed} IS NULL" if column["spark_type"] == "string" else blank
        found.append(("missing", "completeness", f"{column['source']} is required", predicate))
    if column["spark_type"] != "string":
        predicate = f"NOT ({blank}) AND {typed} IS NULL"
        text = f"{column['source']} is readable as {column['spark_type']}{_format_text(options)}"
        found.append(("unreadable", "conformity", text, predicate))
    if "pattern" in options:
        predicate = f"NOT {typed} RLIKE {sql_literal(anchored(options['pattern']))}"
        found.append(("malformed", "conformity", f"{column['source']} matches {options['pattern']}", predicate))
    longest = longest_clear_value(column)
    if longest is not None:
        text = f"{column['source']} has at most {longest} bytes"
        found.append(("too_long", "conformity", text, f"octet_length({typed}) > {longest}"))
    if column["enum"]:
        listed = ", ".join(sql_literal(value) for value in column["enum"])
        text = f"{column['source']} is one of the listed values"
        found.append(("not_listed", "conformity", text, f"{typed} NOT IN ({listed})"))
    for bound, operator, words in (("minimum", "<", "at least"), ("maximum", ">", "at most")):
        if bound in options:
            text = f"{column['source']} is {words} {options[bound]}"
            predicate = f"{typed} {operator} {sql_literal(options[bound])}"
            found.append((f"{words.replace(' ', '_')}_{bound}", "accuracy", text, predicate))
    return [
        _rule(f"{name}_{suffix}", text, "", "error", dimension, name, null_safe(predicate), "column")
        for suffix, dimension, text, predicate in found
    ]


def _format_text(options: dict[str, Any]) -> str:
    return f", written {options['format']}" if "format" in options else ""


def _rule(
    rule_id: str,
    name: str,
    description: str,
    severity: str,
    dimension: str,
    column: str | None,
    fails_when: str | None,
    origin: str,
) -> dict[str, Any]:
    return {
        "id": rule_id,
        "name": name,
        "description": description,
        "severity": severity,
        "dimension": dimension,
        "column": column,
        "fails_when": fails_when,
        "origin": origin,
    }
