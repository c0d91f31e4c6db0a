"""Refuses what PostgreSQL would run and Redshift would not: a DAG must fail here before it fails there.

Sources: Redshift Database Developer Guide, "Unsupported PostgreSQL features / data types / functions", "Leader
node-only functions", and the syntax pages of the statements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sqlglot import exp

from local.services.redshift.errors import RedshiftError
from local.services.redshift.statement_text import without_literals

_LEADER_ONLY_NAMES = """
    generate_series now age current_time localtime clock_timestamp statement_timestamp transaction_timestamp isfinite
    justify_days justify_hours justify_interval overlay get_bit get_byte set_bit set_byte to_ascii
    current_schema current_schemas has_database_privilege has_schema_privilege has_table_privilege pg_backend_pid
    """
_MISSING_NAMES = """
    string_agg array_agg unnest string_to_array array_to_string array_append array_length array_position cardinality
    row_to_json to_json to_jsonb json_build_object json_build_array jsonb_build_object jsonb_build_array json_agg
    jsonb_agg json_object_agg json_each json_each_text jsonb_each jsonb_set json_array_elements jsonb_array_elements
    json_array_elements_text jsonb_path_query jsonb_typeof json_populate_record concat_ws format make_date make_time
    make_timestamp make_interval date_bin regexp_matches regexp_split_to_array regexp_split_to_table regexp_match
    gen_random_uuid uuid_generate_v4 mode corr regr_slope pg_sleep nextval currval setval lastval txid_current
    pg_read_file pg_ls_dir pg_notify dblink lo_import pg_advisory_lock pg_advisory_xact_lock
    percentile_cont_array grouping_id xmlelement query_to_xml ts_rank to_tsvector to_tsquery crosstab num_nulls
    """
_MISSING_TYPE_NAMES = """
    json jsonb uuid xml money inet cidr macaddr bit box circle line lseg path point polygon tsvector tsquery serial
    bigserial smallserial int4range int8range numrange tsrange tstzrange daterange hstore citext regclass
    """
# CREATE/ALTER/DROP of objects that Redshift does not have
_MISSING_OBJECT_WORDS = """
    INDEX TYPE DOMAIN EXTENSION TRIGGER RULE SEQUENCE TABLESPACE OPERATOR AGGREGATE CAST CONVERSION SERVER PUBLICATION
    SUBSCRIPTION POLICY STATISTICS COLLATION EVENT FOREIGN UNLOGGED TEXT ACCESS
    """
_MISSING_COMMAND_WORDS = """
    DO LISTEN NOTIFY UNLISTEN CLUSTER REINDEX DISCARD SAVEPOINT RELEASE SECURITY IMPORT CHECKPOINT LOAD REASSIGN
"""
_LEADER_ONLY = frozenset(_LEADER_ONLY_NAMES.split())
_MISSING = frozenset(_MISSING_NAMES.split())
_MISSING_TYPES = frozenset(_MISSING_TYPE_NAMES.split())
_MISSING_OBJECTS = frozenset(_MISSING_OBJECT_WORDS.split())
_MISSING_COMMANDS = frozenset(_MISSING_COMMAND_WORDS.split())
_SYNTAX: tuple[tuple[str, str], ...] = (
    (r"\bON\s+CONFLICT\b", "CONFLICT"),
    (r"\bRETURNING\b", "RETURNING"),
    (r"\bLATERAL\b", "LATERAL"),
    (r"\bTABLESAMPLE\b", "TABLESAMPLE"),
    (r"\bFETCH\s+(?:FIRST|NEXT)\b", "FETCH"),
    (r"\)\s*FILTER\s*\(", "FILTER"),
    (r"^\s*REFRESH\s+MATERIALIZED\s+VIEW\s+CONCURRENTLY\b", "CONCURRENTLY"),
    (r"^\s*CREATE\s+MATERIALIZED\s+VIEW\s+IF\s+NOT\s+EXISTS\b", "NOT"),
    (r"^\s*CREATE\s+(?:\w+\s+){0,2}TABLE\s+IF\s+NOT\s+EXISTS\s+[\w.\"#]+\s*(?:\([^()]*\)\s*)?AS\b", "AS"),
    (r"\bNOT\s+MATCHED\s+BY\b", "BY"),
    (r"\bINHERITS\s*\(", "INHERITS"),
)
_CREATE_WORDS = ("OR", "REPLACE", "UNIQUE", "TEMP", "TEMPORARY", "LOCAL", "GLOBAL", "CONSTRAINT", "RECURSIVE")

_NOT_ON_TABLES = "Specified types or functions (one per INFO message) not supported on Redshift tables."


def check_text(sql: str) -> None:
    """Refuse by words; for every statement, also those that no parser reads.

    :raises RedshiftError: worded as Redshift words it
    """
    code = without_literals(sql, quoted="quoted_name").strip()
    words = re.findall(r"[A-Za-z_]\w*", code.upper()[:300])
    if not words:
        return
    subject = next((word for word in words[1:] if word not in _CREATE_WORDS), "")
    is_definition = words[0] in ("CREATE", "ALTER", "DROP")
    if words[0] in _MISSING_COMMANDS or (is_definition and subject in _MISSING_OBJECTS):
        raise RedshiftError(f'SQL command "{_shortened(sql)}" not supported on Redshift tables.')
    if words[:2] == ["ROLLBACK", "TO"]:
        raise RedshiftError('syntax error at or near "TO"')
    for pattern, near in _SYNTAX:
        if re.search(pattern, code, re.IGNORECASE):
            raise RedshiftError(f'syntax error at or near "{near}"')
    if re.search(r"\bDISTINCT\s+ON\s*\(", code, re.IGNORECASE):
        raise RedshiftError("SELECT DISTINCT ON is not supported")
    locks = re.search(r"\bFOR\s+(?:NO\s+KEY\s+)?(?:UPDATE|SHARE)\b", code, re.IGNORECASE)
    if locks and words[0] in ("SELECT", "WITH"):
        raise RedshiftError("SELECT FOR UPDATE/SHARE is not supported")
    # sqlglot's trees do not tell these from LISTAGG, from the unnesting of SUPER and from other names
    function = re.search(r"\b(string_agg|unnest|gen_random_uuid)\s*\(", code, re.IGNORECASE)
    if function:
        raise RedshiftError(f"function {function[1].lower()}() does not exist")
    if is_definition and subject == "TABLE":
        _check_table_definition(words[0], code)


def check_tree(tree: exp.Expr, sql: str = "") -> None:
    """Refuse by syntax tree.

    :param sql: the statement's text, for NOW(), which the tree does not tell from CURRENT_TIMESTAMP
    :raises RedshiftError: worded as Redshift words it
    """
    if re.search(r"\bnow\s*\(", without_literals(sql, quoted="quoted_name"), re.IGNORECASE):
        for message in _leader_only(tree, {"now"}):
            raise RedshiftError(message)
    for rule in _TREE_RULES:
        for message in rule(tree):
            raise RedshiftError(message)


def _shortened(sql: str) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= 120 else f"{text[:117]}..."


def _check_table_definition(command: str, code: str) -> None:
    if command == "ALTER":
        if len(re.findall(r"\b(?:ADD|DROP)\s+(?:COLUMN\s+)", code, re.IGNORECASE)) > 1:
            raise RedshiftError('syntax error at or near ","')
        if re.search(r"\bALTER\s+COLUMN\s+\S+\s+(?:SET|DROP)\s", code, re.IGNORECASE):
            raise RedshiftError(
                "ALTER COLUMN SET/DROP is not supported: only TYPE VARCHAR(n) and ENCODE can be altered"
            )
        return
    if re.search(r"\bPARTITION\s+BY\b", code.split(" AS ")[0], re.IGNORECASE):
        raise RedshiftError('syntax error at or near "PARTITION"')
    if re.search(r"[,(]\s*(?:CONSTRAINT\s+\S+\s+)?(?:CHECK|EXCLUDE)\b|\bCHECK\s*\(", code, re.IGNORECASE):
        raise RedshiftError("CHECK and EXCLUDE constraints are not supported")


def _distinct_names(tree: exp.Expr) -> set[str]:
    called = {function.name.lower() for function in tree.find_all(exp.Anonymous)}
    return called | {function.sql_name().lower() for function in tree.find_all(exp.Func)}


def _missing_functions(tree: exp.Expr) -> Iterator[str]:
    names = _distinct_names(tree)
    names.discard("unnest")  # also how FROM t, t.super_column is parsed; written out it is refused by its text
    for name in sorted(names & _MISSING):
        yield f"function {name}() does not exist"


def _leader_only_functions(tree: exp.Expr) -> Iterator[str]:
    used = _distinct_names(tree) & _LEADER_ONLY
    if tree.find(exp.GenerateSeries):
        used.add("generate_series")
    if used:
        yield from _leader_only(tree, used)


def _leader_only(tree: exp.Expr, used: set[str]) -> Iterator[str]:
    writes = isinstance(tree, (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create))
    if writes or any(_is_user_table(table) for table in tree.find_all(exp.Table)):
        yield f'{_NOT_ON_TABLES}\n  Detail: Function "{", ".join(sorted(used))}" runs on the leader node only.'


def _is_user_table(table: exp.Table) -> bool:
    name, schema = table.name.lower(), table.db.lower()
    if not name or isinstance(table.this, exp.Func):
        return False
    is_system = name.startswith(("pg_", "stl_", "stv_", "svv_", "svl_", "sys_"))
    return schema not in ("pg_catalog", "information_schema") and not is_system


def _missing_types(tree: exp.Expr) -> Iterator[str]:
    for kind in tree.find_all(exp.DataType):
        written = kind.sql(dialect="postgres").lower()
        if kind.this == exp.DataType.Type.ARRAY or written.endswith("[]"):
            yield f'type "{written}" is not supported: Redshift has no arrays, use SUPER'
        name = re.split(r"[(\s]", written)[0]
        definition = kind.find_ancestor(exp.ColumnDef)
        if name in _MISSING_TYPES and definition is not None:
            yield f'Column "{definition.name}" has unsupported type "{name}".'
        elif name in _MISSING_TYPES:
            yield f'type "{name}" does not exist'


def _arrays_and_json_operators(tree: exp.Expr) -> Iterator[str]:
    for array in tree.find_all(exp.Array):
        if array.args.get("bracket_notation"):
            yield 'syntax error at or near "["'
    if tree.find(exp.JSONBExtract, exp.JSONBExtractScalar, exp.JSONExtract, exp.JSONExtractScalar):
        yield "operator does not exist: character varying -> unknown"
    if tree.find(exp.RegexpILike):
        yield "operator does not exist: character varying ~* unknown"


def _values_as_table(tree: exp.Expr) -> Iterator[str]:
    for values in tree.find_all(exp.Values):
        parent = values.parent
        if isinstance(parent, (exp.From, exp.Join, exp.Subquery, exp.CTE)):
            yield 'syntax error at or near "VALUES"'


def _writing_ctes(tree: exp.Expr) -> Iterator[str]:
    for cte in tree.find_all(exp.CTE):
        if isinstance(cte.this, (exp.Insert, exp.Update, exp.Delete, exp.Merge)):
            yield f'syntax error at or near "{cte.this.key.upper()}"'


def _merge_clauses(tree: exp.Expr) -> Iterator[str]:
    if not isinstance(tree, exp.Merge):
        return
    whens = tree.args["whens"].expressions
    matched = [bool(when.args.get("matched")) for when in whens]
    if sorted(matched) != [False, True]:
        yield "MERGE needs exactly one WHEN MATCHED and one WHEN NOT MATCHED clause"
    if any(when.args.get("condition") for when in whens):
        yield 'syntax error at or near "AND"'
    if tree.this.alias:
        yield f'syntax error at or near "{tree.this.alias}"'


def _named_windows(tree: exp.Expr) -> Iterator[str]:
    for select in tree.find_all(exp.Select):
        if select.args.get("windows"):
            yield 'syntax error at or near "WINDOW"'


_TREE_RULES: tuple[Callable[[exp.Expr], Iterator[str]], ...] = (
    _missing_functions,
    _leader_only_functions,
    _missing_types,
    _arrays_and_json_operators,
    _values_as_table,
    _writing_ctes,
    _merge_clauses,
    _named_windows,
)
