"""SHOW and DESCRIBE: metadata, as far as Lake Formation lets the caller see it."""

from __future__ import annotations

import re
from collections.abc import Callable

from local.services.athena.catalog import Column, Table
from local.services.athena.errors import PermissionDenied, QueryFailed, semantic_failure
from local.services.athena.session import QuerySession
from local.services.athena.statements.hive_ddl import named_table
from local.services.athena.statements.result import DDL, StatementResult, lines
from local.services.athena.views import view_definition

_NAME = r"(?P<table>[\w.`\"$-]+)"
_LIKE = r"(?:\s+(?:LIKE\s+)?'(?P<like>[^']*)')?"


def show(session: QuerySession, sql: str) -> StatementResult:
    """:raises QueryFailed: no such SHOW, or nothing of that name."""
    for pattern, answer in _STATEMENTS:
        found = pattern.match(sql)
        if found:
            return answer(session, found)
    raise QueryFailed("", f"FAILED: ParseException line 1:5 cannot recognize input near '{sql[:60]}'")


def _databases(session: QuerySession, found: re.Match[str]) -> StatementResult:
    matches = _wildcard(found["like"])
    visible = [n for n in session.catalog.database_names() if matches(n) and _sees_database(session, n)]
    return lines("SHOW_DATABASES", "database_name", visible)


def _sees_database(session: QuerySession, name: str) -> bool:
    if session.authorizer.may("DESCRIBE", name):
        return True
    return any(session.authorizer.may_describe(table) for table in session.catalog.tables_inside(name))


def _tables(session: QuerySession, found: re.Match[str]) -> StatementResult:
    database = (found["database"] or session.database).strip('`"').lower()
    if session.catalog.database(database) is None:
        raise semantic_failure(f"[Error 10072]: Database does not exist: {database}")
    matches, views_only = _wildcard(found["like"]), found["kind"].upper() == "VIEWS"
    names = [
        table.name
        for table in session.catalog.tables(database)
        if matches(table.name) and (table.is_view or not views_only) and session.authorizer.may_describe(table)
    ]
    return lines("SHOW_VIEWS" if views_only else "SHOW_TABLES", "tab_name", names)


def _wildcard(pattern: str | None) -> Callable[[str], bool]:
    """Hive's pattern: ``*`` is anything, ``|`` separates alternatives."""
    if pattern is None:
        return lambda name: True
    expression = re.escape(pattern.lower()).replace(r"\*", ".*").replace(r"\|", "|")
    compiled = re.compile(f"(?:{expression})")
    return lambda name: compiled.fullmatch(name) is not None


def _partitions(session: QuerySession, found: re.Match[str]) -> StatementResult:
    table = _described(session, found)[0]
    if not table.partition_keys:
        raise semantic_failure(f"[Error 10001]: Table {table.database}.{table.name} is not a partitioned table")
    hidden = session.authorizer.select(table).row_filter is not None
    if hidden:
        # Partition values are data: whoever sees only some rows must not see them all here.
        raise PermissionDenied(
            f"SHOW PARTITIONS is not supported on {table.name}, whose rows Lake Formation hides from you"
        )
    names = [key.name for key in table.partition_keys]
    texts = [
        "/".join(f"{name}={value}" for name, value in zip(names, partition.values, strict=True))
        for partition in session.catalog.partitions(table)
    ]
    return lines("SHOW_PARTITIONS", "partition", texts)


def _columns(session: QuerySession, found: re.Match[str]) -> StatementResult:
    _, columns = _described(session, found)
    return lines("SHOW_COLUMNS", "field", [column.name for column in columns])


def _properties(session: QuerySession, found: re.Match[str]) -> StatementResult:
    table, _ = _described(session, found)
    return lines("SHOW_TABLE_PROPERTIES", "prpt_name", [f"{key}\t{value}" for key, value in table.parameters.items()])


def _create_statement(session: QuerySession, found: re.Match[str]) -> StatementResult:
    table, columns = _described(session, found)
    if found["kind"].upper() == "VIEW" or table.is_view:
        if not table.is_view:
            raise semantic_failure(f"[Error 10001]: {table.database}.{table.name} is a table, not a view")
        definition = view_definition(table)
        return lines(
            "SHOW_CREATE_VIEW", "Create View", [f"CREATE VIEW {table.database}.{table.name} AS", definition.sql]
        )
    return lines("SHOW_CREATE_TABLE", "createtab_stmt", _create_table_text(table, columns))


def _create_table_text(table: Table, visible: list[Column]) -> list[str]:
    names = {column.name for column in visible}
    text = [f"CREATE EXTERNAL TABLE `{table.database}.{table.name}`("]
    text += _column_list([column for column in table.data_columns if column.name in names])
    keys = [key for key in table.partition_keys if key.name in names]
    if keys:
        text += ["PARTITIONED BY ( ", *_column_list(keys)]
    text += ["ROW FORMAT SERDE ", f"  '{table.serde}' "]
    if table.serde_parameters:
        text += ["WITH SERDEPROPERTIES ( ", *_pairs(table.serde_parameters)]
    text += ["STORED AS INPUTFORMAT ", f"  '{table.input_format}' "]
    text += ["OUTPUTFORMAT ", f"  '{table.storage.get('OutputFormat', '')}'", "LOCATION", f"  '{table.location}'"]
    return [*text, "TBLPROPERTIES (", *_pairs(table.parameters)]


def _column_list(columns: list[Column]) -> list[str]:
    last = len(columns) - 1
    return [
        f"  `{column.name}` {column.type}"
        + (f" COMMENT '{column.comment}'" if column.comment else "")
        + (")" if number == last else ", ")
        for number, column in enumerate(columns)
    ]


def _pairs(values: dict[str, str]) -> list[str]:
    last = len(values) - 1
    return [
        f"  '{key}'='{value}'" + (")" if number == last else ", ") for number, (key, value) in enumerate(values.items())
    ]


def _describe(session: QuerySession, found: re.Match[str]) -> StatementResult:
    table, columns = _described(session, found)
    names = {column.name for column in columns}
    texts = [_padded(column) for column in columns]
    keys = [key for key in table.partition_keys if key.name in names]
    if keys:
        texts += [
            "\t \t ",
            "# Partition Information\t \t ",
            "# col_name            \tdata_type           \tcomment             ",
            "\t \t ",
        ]
        texts += [_padded(key) for key in keys]
    return lines("DESCRIBE_TABLE", "col_name", texts, DDL)


def _padded(column: Column) -> str:
    return f"{column.name:<20}\t{column.type:<20}\t{column.comment:<20}"


def _described(session: QuerySession, found: re.Match[str]) -> tuple[Table, list[Column]]:
    """The named table and those of its columns that the caller may see."""
    database, name = named_table(found["table"], session.database)
    if "database" in found.groupdict() and found["database"]:
        database = found["database"].strip('`"').lower()
    table = session.catalog.hive_table(database, name)
    visible = session.authorizer.describe(table).columns
    return table, [column for column in table.columns if column.name in visible]


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("^" + text.replace(" ", r"\s+") + r"\s*$", re.I)


_STATEMENTS: list[tuple[re.Pattern[str], Callable[[QuerySession, re.Match[str]], StatementResult]]] = [
    (_pattern(r"SHOW (?:DATABASES|SCHEMAS)" + _LIKE), _databases),
    (_pattern(r"SHOW (?P<kind>TABLES|VIEWS)(?:\s+(?:IN|FROM) (?P<database>[\w`\"-]+))?" + _LIKE), _tables),
    (_pattern(rf"SHOW PARTITIONS {_NAME}"), _partitions),
    (_pattern(rf"SHOW COLUMNS (?:IN|FROM) {_NAME}(?:\s+(?:IN|FROM) (?P<database>[\w`\"-]+))?"), _columns),
    (_pattern(rf"SHOW TBLPROPERTIES {_NAME}(?:\s*\([^)]*\))?"), _properties),
    (_pattern(rf"SHOW CREATE (?P<kind>TABLE|VIEW) {_NAME}"), _create_statement),
    (_pattern(rf"(?:DESCRIBE|DESC) (?:(?:FORMATTED|EXTENDED) )?{_NAME}(?:\s+PARTITION\s*\([^)]*\))?"), _describe),
]
