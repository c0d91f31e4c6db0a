"""What the ODCS schema accepts but this lake cannot deliver. Each finding names the place and the repair."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lake.contracts import dqdl, expectations, lake_rules, row_rules
from lake.contracts.column_types import UnknownTypeError, engine_types
from lake.contracts.columns import compiled_columns, is_derived, source_name
from lake.contracts.expectation_types import expectation_problems, library_problems
from lake.contracts.identifiers import identifier_problems
from lake.contracts.known_properties import name_problems, shape_problems
from lake.contracts.lint_expressions import expression_problems
from lake.contracts.lint_numbers import is_number, is_whole, number_problems, quarantine_problems
from lake.contracts.lint_settings import rule_id_problems, settings_problems
from lake.contracts.masking import masking_problems, propagation_problems, untagged_problems
from lake.contracts.odcs import Document, Problem, custom_property, server, sla
from lake.contracts.reserved_words import reserved_name_problems

SEVERITIES = ("info", "warning", "error")
# "Status" of the ODCS documentation, section Fundamentals.
STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
ACCESS = ("read", "write")
REFUSED_FILE_CHOICES = ("stop", "continue")
_FILTERABLE = ("string", "number", "integer", "boolean")
PREDICATE_PARAMETERS = ("ingest_date",)

# ODCS: units of time by their ISO 8601 symbol or their name.
SLA_UNITS = tuple(
    text
    for short, name in (
        ("s", "second"),
        ("m", "minute"),
        ("h", "hour"),
        ("d", "day"),
        ("w", "week"),
        ("mo", "month"),
        ("y", "year"),
    )
    for text in (short, name, f"{name}s")
)

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MEASURE = re.compile(r"count\(\*\)|(sum|min|max|avg|count)\((distinct )?[a-z][a-z0-9_]*\)")
_SEMVER = re.compile(r"\d+\.\d+\.\d+")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'")
_PARAMETER = re.compile(r"\$\{(\w+)\}")
_IDENTIFIER = re.compile(r"\b[^\W\d]\w*\b(?!\s*\()")
_SQL_WORDS = frozenset(
    [
        "and",
        "as",
        "between",
        "bigint",
        "boolean",
        "case",
        "cast",
        "date",
        "decimal",
        "double",
        "else",
        "end",
        "false",
        "in",
        "int",
        "is",
        "like",
        "not",
        "null",
        "or",
        "rlike",
        "string",
        "then",
        "timestamp",
        "true",
        "when",
    ]
)


def lint(document: Document) -> list[Problem]:
    """Return every problem of a contract that already satisfies the ODCS schema.

    :param document: the contract
    """
    if unreadable := list(shape_problems(document)):
        return unreadable
    problems = list(_lint_head(document))
    tables = document.get("schema", [])
    if len(tables) != 1:
        problems.append(Problem("schema", f"holds {len(tables)} tables", "Write one table per contract file."))
        return problems
    names = [column.get("name", "") for column in tables[0].get("properties", [])]
    problems += identifier_problems(document)
    problems += name_problems(document)
    problems += untagged_problems(tables[0].get("properties", []), document.get("roles", []))
    problems += number_problems(document)
    problems += reserved_name_problems(document)
    problems += settings_problems(document)
    problems += _lint_columns(tables[0].get("properties", []))
    problems += _lint_keys(tables[0].get("properties", []))
    problems += _lint_quality(tables[0].get("quality", []), names)
    problems += _lint_roles(document.get("roles", []), tables[0].get("properties", []))
    problems += _lint_relationships(tables[0], names)
    problems += _lint_promises(document, tables[0], names)
    # Expressions, and what rules become, are asked of otherwise sound contracts only.
    problems = problems or [*expression_problems(document), *rule_id_problems(document)]
    return problems or list(_lint_unevaluated(document, tables[0]))


def _lint_unevaluated(document: Document, table: Document) -> Iterator[Problem]:
    """Yield the rules that none of the contract's engines evaluates."""
    if expectations.ENGINE in custom_property(document, "qualityEngines", [expectations.ENGINE]):
        return
    columns = compiled_columns(table, [])
    for rule_id in dqdl.beyond_dqdl(expectations.table_rules(table, columns), columns):
        fix = f"Add {expectations.ENGINE} to qualityEngines, or say it in a way that DQDL can."
        yield Problem("schema[0].quality", f"{dqdl.ENGINE} alone would not evaluate {rule_id}", fix)


def _lint_head(document: Document) -> Iterator[Problem]:
    if not _NAME.fullmatch(str(document.get("name", ""))):
        found = document.get("name")
        yield Problem("name", f"{found!r} cannot name tables", "Use lower-case letters, digits and underscores.")
    if not _SEMVER.fullmatch(str(document.get("version", ""))):
        yield Problem("version", f"{document.get('version')!r} is not a semantic version", "Write for example 1.0.0.")
    if "schedule" not in sla(document, "frequency"):
        yield Problem("slaProperties", "no `frequency` with a schedule", 'Add {property: frequency, schedule: "..."}.')
    if not document.get("team", {}).get("name"):
        yield Problem("team.name", "nobody owns the product", "Name the team that answers for it.")
    if document.get("status") not in STATUSES:
        found = document.get("status")
        yield Problem("status", f"{found!r} is not known", f"Choose from {', '.join(STATUSES)}.")
    if not document.get("support"):
        fix = "Add `support` with a channel and its url: whoever reads a wrong number must know whom to tell."
        yield Problem("support", "the owner cannot be reached", fix)
    yield from _lint_engines(custom_property(document, "qualityEngines", [expectations.ENGINE]))
    landing = server(document, "landing")
    texts = custom_property(landing, "nullValues", [])
    if not (isinstance(texts, list) and all(isinstance(text, str) and text.strip() == text for text in texts)):
        fix = 'Write a list of texts without blanks around them, for example ["NA"].'
        yield Problem("servers", f"nullValues is {texts!r}", fix)
    if not landing.get("location"):
        yield Problem("servers", "no location of server `landing`", "Write s3://${landing}/<product>/.")
    if landing.get("format") != "csv":
        what = f"format {landing.get('format')!r} of server `landing` is not read"
        yield Problem("servers", what, "Only csv (plain or gzip) is.")
    choice = custom_property(landing, "onRefusedFile", "stop")
    if choice not in REFUSED_FILE_CHOICES:
        yield Problem("servers", f"onRefusedFile is {choice!r}", f"Choose from {', '.join(REFUSED_FILE_CHOICES)}.")
    if not server(document, "curated").get("database"):
        yield Problem("servers", "no glue server `curated` with a database", "Add where the product is published.")
    yield from quarantine_problems(custom_property(document, "quarantine", {}))


def _lint_engines(engines: object) -> Iterator[Problem]:
    known = (expectations.ENGINE, dqdl.ENGINE)
    if not (isinstance(engines, list) and engines and set(engines) <= set(known) and len(set(engines)) == len(engines)):
        yield Problem(
            "customProperties", f"qualityEngines is {engines!r}", f"Choose one or both of {', '.join(known)}."
        )


def _lint_columns(columns: list[Document]) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, column in enumerate(columns):
        path = f"schema[0].properties[{position}]"
        name = str(column.get("name", ""))
        if not _NAME.fullmatch(name):
            yield Problem(f"{path}.name", f"{name!r} is no column name", "Use lower-case letters, digits, underscores.")
        if name in seen:
            yield Problem(f"{path}.name", f"{name!r} is there twice", "Give each column its own name.")
        seen.add(name)
        yield from _lint_type(path, column)
        yield from _lint_origin(path, name, column)
        yield from masking_problems(path, column)
    yield from propagation_problems(columns)


def _lint_type(path: str, column: Document) -> Iterator[Problem]:
    try:
        engine_types(str(column.get("physicalType", "")))
    except UnknownTypeError as error:
        yield Problem(f"{path}.physicalType", str(error), "Pick the narrowest that holds every value.")
    if "logicalType" not in column:
        yield Problem(f"{path}.logicalType", "is missing", "Write for example logicalType: string.")
    pattern = column.get("logicalTypeOptions", {}).get("pattern")
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            yield Problem(f"{path}.logicalTypeOptions.pattern", f"is no regular expression: {error}", "Repair it.")


def _lint_origin(path: str, name: str, column: Document) -> Iterator[Problem]:
    if is_derived(column):
        if not column.get("transformLogic"):
            yield Problem(
                f"{path}.transformLogic", f"{name} is derived from nothing", "Write the SQL that computes it."
            )
    elif not custom_property(column, "generatedBy") and source_name(column) is None:
        fix = "Add transformSourceObjects: [landing.<product>.<Header>], or mark it derived or generatedBy."
        yield Problem(f"{path}.transformSourceObjects", f"nothing says where {name} comes from", fix)


def _lint_keys(columns: list[Document]) -> Iterator[Problem]:
    positions = sorted(column.get("primaryKeyPosition", -1) for column in columns if column.get("primaryKey"))
    if not positions:
        yield Problem("schema[0].properties", "no primary key", "Mark the columns that identify a row.")
    elif positions != list(range(1, len(positions) + 1)):
        what = f"primaryKeyPosition values are {positions}"
        yield Problem("schema[0].properties", what, f"Number the key columns 1 to {len(positions)}.")
    partitions = [column for column in columns if column.get("partitioned")]
    if len(partitions) != 1 or not is_derived(partitions[0]) or partitions[0].get("physicalType") != "date":
        what = f"{len(partitions)} partition columns, or one that is not a derived date"
        fix = "Publishing swaps one day: mark exactly one derived column of type date as partitioned."
        yield Problem("schema[0].properties", what, fix)


def _lint_quality(rules: list[Document], columns: list[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, rule in enumerate(rules):
        path = f"schema[0].quality[{position}]"
        rule_id = rule.get("id")
        if not rule_id or not re.fullmatch(r"[a-z][a-z0-9_]*", rule_id) or rule_id in seen:
            what = f"id {rule_id!r} is missing, not snake_case, or there twice"
            yield Problem(f"{path}.id", what, "Rows are quarantined under this name: choose a telling one.")
        seen.add(str(rule_id))
        if rule.get("severity") not in SEVERITIES:
            found = rule.get("severity")
            yield Problem(f"{path}.severity", f"{found!r} is not known", f"Choose from {', '.join(SEVERITIES)}.")
        if not rule.get("dimension"):
            yield Problem(f"{path}.dimension", "is missing", "Scores are kept by dimension.")
        yield from _lint_rule_kind(path, rule, columns)


def _lint_rule_kind(path: str, rule: Document, columns: list[str]) -> Iterator[Problem]:
    kind, engine = rule.get("type"), rule.get("engine")
    implementation: Any = rule.get("implementation", {})
    if lake_rules.is_lake_rule(rule):
        yield from _lint_lake_rule(path, implementation)
    elif kind == "custom" and engine == row_rules.ENGINE:
        predicate = implementation.get("failsWhen") if isinstance(implementation, dict) else None
        if not predicate:
            yield Problem(f"{path}.implementation", "has no failsWhen", "Write SQL that is true for a bad row.")
        else:
            yield from _lint_predicate(f"{path}.implementation.failsWhen", str(predicate), columns)
    elif kind == "custom" and engine == expectations.ENGINE:
        yield from expectation_problems(path, rule, columns)
    elif kind == "library":
        if problems := list(library_problems(path, rule, columns)):
            yield from problems
        elif not expectations.is_supported(rule):
            what = f"metric {rule.get('metric')!r} with these operators has no exact expectation"
            fix = (
                "Use rowCount with a comparison, duplicateValues mustBe 0 with arguments.properties, or nullValues "
                "(mustBe 0, or mustBeLessOrEqualTo with unit percent) with arguments.property."
            )
            yield Problem(path, what, fix)
    else:
        fix = f"Use type library, or type custom with engine {row_rules.ENGINE} or {expectations.ENGINE}."
        yield Problem(path, f"type {kind!r} with engine {engine!r} is not run by this lake", fix)


def _lint_lake_rule(path: str, implementation: Document) -> Iterator[Problem]:
    check = implementation["check"]
    arguments = {name: value for name, value in implementation.items() if name != "check"}
    if check not in lake_rules.CHECKS:
        known = ", ".join(lake_rules.CHECKS)
        fix = f"Use one of {known}; foreign keys are `relationships`, freshness is an SLA property."
        yield Problem(f"{path}.implementation.check", f"{check!r} is not known", fix)
        return
    for name in lake_rules.missing_arguments(check, arguments):
        yield Problem(f"{path}.implementation", f"{check} needs {name}", lake_rules.EXAMPLES[check])
    for name in ("measure", "productMeasure"):
        if name in arguments and not _MEASURE.fullmatch(str(arguments[name])):
            fix = "Write count(*), or sum, min, max, avg or count of one column: it becomes part of a statement."
            yield Problem(f"{path}.implementation.{name}", f"{arguments[name]!r} is no aggregate", fix)
    for day in arguments.get("ignoreDays", []):
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(day)):
            yield Problem(f"{path}.implementation.ignoreDays", f"{day!r} is no day", "Write YYYY-MM-DD, in quotes.")
    for name in sorted(arguments.keys() - lake_rules.ARGUMENTS[check].keys()):
        yield Problem(f"{path}.implementation", f"{check} has no argument {name!r}", lake_rules.EXAMPLES[check])


def _lint_relationships(table: Document, columns: list[str]) -> Iterator[Problem]:
    for found in lake_rules.relationships(table):
        path = f"schema[0].relationships {found['id']}"
        for name in found["columns"]:
            if name not in columns:
                yield Problem(path, f"{name!r} is no column of this table", f"Columns: {', '.join(columns)}.")
        if len(found["columns"]) != len(found["to_columns"]):
            what = f"{len(found['columns'])} column(s) refer to {len(found['to_columns'])}"
            yield Problem(path, what, "A composite key names as many columns on both sides.")
        if not all(_NAME.fullmatch(part) for part in (found["to_product"], *found["to_columns"], found["id"])):
            what = f"id or target {found['to_product']}({', '.join(found['to_columns'])}) is not understood"
            yield Problem(path, what, "Write `to: <product>.<column>`, and an id in snake_case.")
        if found["severity"] not in SEVERITIES:
            what = f"severity {found['severity']!r} is not known"
            yield Problem(path, what, f"Choose from {', '.join(SEVERITIES)}.")
        if not is_whole(found["grace_days"], 0):
            yield Problem(path, f"graceDays is {found['grace_days']!r}", "Write a whole number of days, 0 or more.")


def _lint_promises(document: Document, table: Document, columns: list[str]) -> Iterator[Problem]:
    for position, promise in enumerate(document.get("slaProperties", [])):
        path = f"slaProperties[{position}]"
        unit = promise.get("unit")
        if unit is not None and unit not in SLA_UNITS:
            yield Problem(f"{path}.unit", f"{unit!r} is no unit of time", f"Choose from {', '.join(SLA_UNITS)}.")
        for element in str(promise.get("element", "")).split(","):
            owner, _, name = element.strip().partition(".")
            if element and (owner != table.get("name") or (name and name not in columns)):
                what = f"{element.strip()!r} is no element of this contract"
                yield Problem(f"{path}.element", what, f"Write {table.get('name')}.<column>.")
        if promise.get("property") == "freshness":
            yield from _lint_freshness(path, promise, table)


def _lint_freshness(path: str, promise: Document, table: Document) -> Iterator[Problem]:
    value, unit = promise.get("value"), promise.get("unit")
    if not (is_number(value, 0) and value != 0 and unit in lake_rules.HOURS):
        what = f"freshness of {value!r} {unit!r} cannot be measured"
        yield Problem(path, what, f"Write a positive value in {', '.join(lake_rules.HOURS)}.")
    name = str(promise.get("element", "")).partition(".")[2]
    column = next((column for column in table.get("properties", []) if column.get("name") == name), None)
    if column is None or column.get("physicalType") not in ("date", "timestamp"):
        fix = "Name the column whose latest value tells how old the data is."
        yield Problem(f"{path}.element", f"freshness needs a column of type date or timestamp, not {name!r}", fix)


def _lint_predicate(path: str, predicate: str, columns: list[str]) -> Iterator[Problem]:
    for name in _PARAMETER.findall(predicate):
        if name not in PREDICATE_PARAMETERS:
            fix = f"Known: {', '.join(PREDICATE_PARAMETERS)}."
            yield Problem(path, f"parameter ${{{name}}} is not known", fix)
    text = _PARAMETER.sub(" ", _QUOTED.sub(" ", predicate))
    text = re.sub(r"\braw\.(\w+|`[^`]+`)", " ", text)
    for word in _IDENTIFIER.findall(text):
        if word.lower() not in _SQL_WORDS and word not in columns:
            fix = f"Columns are {', '.join(columns)}; delivered text is raw.<Header>."
            yield Problem(path, f"{word!r} is no column", fix)


def _lint_roles(roles: list[Document], properties: list[Document]) -> Iterator[Problem]:
    columns = [column.get("name", "") for column in properties]
    # Lake Formation documentation, "Data filters": a filter compares text, numbers and booleans, no dates.
    filterable = [column["name"] for column in properties if column.get("logicalType") in _FILTERABLE]
    for position, role in enumerate(roles):
        path = f"roles[{position}]"
        if role.get("access") not in ACCESS:
            yield Problem(f"{path}.access", f"{role.get('access')!r} is not known", f"Choose from {', '.join(ACCESS)}.")
        row_filter = custom_property(role, "rowFilter")
        excluded = custom_property(role, "excludeColumns", [])
        if role.get("access") == "write" and (row_filter or excluded):
            what = f"{role['role']} writes but may not see everything"
            yield Problem(path, what, "Lake Formation filters reads only: split it into two roles.")
        for name in excluded:
            if name not in columns:
                yield Problem(path, f"excluded column {name!r} does not exist", f"Columns: {', '.join(columns)}.")
        if row_filter:
            # Lake Formation documentation, "PartiQL support in row filter expressions": no functions, 2048 characters.
            if len(row_filter) > 2048 or re.search(r"\w\s*\(", re.sub(r"\bIN\s*\(", "", row_filter, flags=re.I)):
                fix = "Lake Formation takes comparisons, IN, LIKE, BETWEEN, IS NULL; at most 2048 characters."
                yield Problem(path, f"row filter {row_filter!r} is too long or calls a function", fix)
            yield from _lint_predicate(path, row_filter, filterable)
