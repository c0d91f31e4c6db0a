"""What a contract names goes into SQL, S3 addresses, Jinja and CloudFormation: only names that mean nothing there pass.

Values (enum, null texts, patterns, time formats) are quoted where they are used; expressions are SQL by design and are
read for what has no place in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lake.contracts.odcs import Document, Problem, custom_property, server

NAME = re.compile(r"[a-z][a-z0-9_]*")
_ROLE = re.compile(r"[a-z][a-z0-9-]*")
_TAG = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,49}")
_FOLDER = re.compile(r"s3://[^/]+/([a-z0-9_=-]+/)+")
_DOMAIN = re.compile(r"[a-z][a-z0-9_-]*")
# Spark runs any Java method by these names, and looks up what a text names by IDENTIFIER(...); a statement inside an
# expression has no place in a contract.
_FORBIDDEN = re.compile(
    r"\bidentifier\s*\(|\b(?:(?:try_)?reflect|java_method|select|insert|update|delete|drop|create|alter|grant|copy|unload|call)\b"
    r"|;|--|/\*|\{\{|\{%",
    re.IGNORECASE,
)
# Spark's quoted parts, "Literals" and "Identifiers" of its SQL reference: no escape in a raw text or a quoted name.
_QUOTED = re.compile(r"""\b[rR](?:'[^']*'|"[^"]*")|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`""", re.DOTALL)
# "Star" of the same reference: all columns, alone or as an argument. Between two operands it multiplies.
_STAR = re.compile(r"(?:^|[(,.])\s*\*")
_MENTION = re.compile(r"`[^`]*`|\w+(?!\w|\s*\()")
_WHOLE_STRUCT = re.compile(r"\braw\b`?(?!\w|`?\s*\.)", re.IGNORECASE)
EVERYTHING = "*"
# "Datetime Patterns" of the Spark documentation: letters, separators, and text in quotes.
_TIME_FORMAT = re.compile(r"(?:[A-Za-z0-9 .,:;/_\[\]+-]|'[A-Za-z]+')+")


def identifier_problems(document: Document) -> Iterator[Problem]:
    """Find names that could be read as something else where they are used.

    :param document: the contract
    """
    for name, field in (
        ("curated", "database"),
        ("query", "schema"),
        ("warehouse", "schema"),
        ("warehouse", "database"),
    ):
        found = server(document, name).get(field)
        if found is not None and not NAME.fullmatch(str(found)):
            yield Problem("servers", f"{field} {found!r} of server `{name}` is no name", _WORDS)
    landing = server(document, "landing")
    location = str(landing.get("location", ""))
    if location and not _FOLDER.fullmatch(location):
        fix = "Write s3://${landing}/<product>/: lower-case letters, digits, _ - =, with the slash at the end."
        yield Problem("servers", f"location {location!r} of server `landing` is not a folder below a bucket", fix)
    partition_key = custom_property(landing, "partitionKey", "ingest_date")
    if not NAME.fullmatch(str(partition_key)):
        yield Problem("servers", f"partitionKey {partition_key!r} is no name", _WORDS)
    marker = custom_property(landing, "completeness", {}).get("marker")
    if marker is not None and not re.fullmatch(r"[A-Za-z0-9_.-]+", str(marker)):
        yield Problem("servers", f"marker {marker!r} is no name of an object", "Write for example _SUCCESS.")
    if not _DOMAIN.fullmatch(str(document.get("domain", ""))):
        yield Problem("domain", f"{document.get('domain')!r} is no name", _WORDS)
    for position, role in enumerate(document.get("roles", [])):
        if not _ROLE.fullmatch(str(role.get("role", ""))):
            what = f"{role.get('role')!r} cannot be part of a role's name"
            yield Problem(f"roles[{position}].role", what, "Use lower-case letters, digits and dashes.")
    tags = custom_property(document, "lfTags", {})
    for key, value in tags.items() if isinstance(tags, dict) else ():
        if not (_TAG.fullmatch(str(key)) and _TAG.fullmatch(str(value))):
            what = f"LF-tag {key!r}: {value!r} is no pair of names"
            yield Problem("customProperties", what, "Use letters, digits, and . _ - inside; at most 50 characters.")
    for position, column in enumerate(document["schema"][0].get("properties", [])):
        yield from _column_problems(f"schema[0].properties[{position}]", column)
    yield from _condition_problems(document)


def code_in(sql: str) -> str | None:
    """Return the first part of an expression that is a statement, a comment, a template or a way to run code.

    :param sql: an expression or a condition of a contract
    """
    found = _FORBIDDEN.search(_QUOTED.sub(lambda part: _bare(part, sql), sql))
    return found[0] if found else None


def _bare(part: re.Match[str], sql: str) -> str:
    """Return what stands for a quoted part: nothing, or the name of a function, which Spark lets people quote."""
    is_call = part[0].startswith("`") and sql[part.end() :].lstrip().startswith("(")
    return part[0].strip("`") if is_call else "''"


def _condition_problems(document: Document) -> Iterator[Problem]:
    for path, sql in _conditions(document, document["schema"][0]):
        if found := code_in(sql):
            yield Problem(path, f"tests with {found!r}", "Write one condition over columns, no statement.")


def _conditions(document: Document, table: Document) -> Iterator[tuple[str, str]]:
    """Yield the conditions of rules and roles, each with its place."""
    for position, rule in enumerate(table.get("quality", [])):
        implementation = rule.get("implementation")
        if not isinstance(implementation, dict):
            continue
        path = f"schema[0].quality[{position}].implementation"
        yield f"{path}.failsWhen", str(implementation.get("failsWhen") or "")
        kwargs = implementation.get("kwargs")
        if isinstance(kwargs, dict):
            yield f"{path}.kwargs.row_condition", str(kwargs.get("row_condition") or "")
    for position, role in enumerate(document.get("roles", [])):
        yield f"roles[{position}] rowFilter", str(custom_property(role, "rowFilter") or "")


def mentioned(expression: str) -> set[str]:
    """Return the columns that an expression mentions, in lower case: Spark does not tell upper from lower case.

    :param expression: Spark SQL
    :return: plain and quoted names, without functions and texts; ``EVERYTHING`` for a star or the whole struct ``raw``
    """
    names = _QUOTED.sub(lambda found: found[0] if found[0].startswith("`") else "''", expression)
    found = {name.strip("`").lower() for name in _MENTION.findall(names)}
    if _STAR.search(names) or _WHOLE_STRUCT.search(names):
        found.add(EVERYTHING)
    return found


_WORDS = "Use lower-case letters, digits and underscores, beginning with a letter."


def _column_problems(path: str, column: Document) -> Iterator[Problem]:
    logic = str(column.get("transformLogic") or "")
    if found := code_in(logic):
        what = f"{column.get('name')} is computed with {found!r}"
        yield Problem(f"{path}.transformLogic", what, "Write one expression over columns, no statement.")
    time_format = column.get("logicalTypeOptions", {}).get("format")
    if time_format is not None and not _TIME_FORMAT.fullmatch(str(time_format)):
        what = f"{time_format!r} is no format of a date or time"
        yield Problem(f"{path}.logicalTypeOptions.format", what, "Write for example yyyy-MM-dd HH:mm:ss.")
    for source in column.get("transformSourceObjects", []):
        if any(sign in str(source) for sign in ("\n", "\r", "\x00", "{{", "{%")):
            what = f"{source!r} is no header of a file"
            yield Problem(f"{path}.transformSourceObjects", what, "Write landing.<product>.<Header>.")
