"""CREATE TABLE, schemas, databases, routines; DROP."""

from __future__ import annotations

import json
import re

from sqlglot import exp

from local.services.redshift import linter
from local.services.redshift.engine.expansion import expand
from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement
from local.services.redshift.errors import RedshiftError
from local.services.redshift.translation import parse, to_postgres
from local.services.redshift.translation.clauses import TableAttributes, take_clauses
from local.services.redshift.translation.names import NAME_PATTERN, column_names, quoted, table_name

# types without a length or precision (dg/r_Character_types, dg/r_Numeric_types201)
_DEFAULT_TYPES = {
    "VARCHAR": "VARCHAR(256)",
    "CHARACTER VARYING": "VARCHAR(256)",
    "TEXT": "VARCHAR(256)",
    "NVARCHAR": "VARCHAR(256)",
    "DECIMAL": "DECIMAL(18, 0)",
    "NUMERIC": "DECIMAL(18, 0)",
}


def create_table(session: Session, statement: Statement) -> Outcome:
    """CREATE [TEMP] TABLE, also AS and LIKE; Redshift's clauses become the table's attributes."""
    text, attributes = take_clauses(statement.text)
    head = re.match(
        rf"CREATE\s+(?P<temp>(?:LOCAL\s+)?TEMP(?:ORARY)?\s+)?TABLE\s+(?P<guard>IF\s+NOT\s+EXISTS\s+)?(?P<name>{NAME_PATTERN})",
        text,
        re.IGNORECASE,
    )
    if head is None:
        raise RedshiftError("syntax error in CREATE TABLE")
    table = table_name(head["name"])
    if head["guard"] and session.relation(table) is not None:
        return Outcome(notices=[f'INFO:  Relation "{table.name}" already exists and will be skipped'])
    with session.atomic():
        cursor = session.execute(_create_table_sql(session, text))
        if not head["temp"]:
            _check_attributes(session, table.sql, attributes)
            session.execute(
                "SELECT redshift_set_table(%s, %s)",
                (session.require_relation(table), json.dumps(attributes.stored())),
            )
    return Outcome(affected=cursor.rowcount)


def _create_table_sql(session: Session, text: str) -> str:
    if re.search(r"\(\s*LIKE\s", text, re.IGNORECASE):
        return re.sub(rf"(\(\s*LIKE\s+{NAME_PATTERN})", r"\1 INCLUDING IDENTITY", text, flags=re.IGNORECASE)
    tree = parse(text)
    linter.check_tree(tree, text)
    expand(session, tree)
    for column in tree.find_all(exp.ColumnDef):
        kind = column.args.get("kind")
        full = _DEFAULT_TYPES.get(kind.sql("redshift").upper()) if kind is not None else None
        if full:
            column.set("kind", exp.DataType.build(full, dialect="redshift"))
    return to_postgres(tree, session)


def _check_attributes(session: Session, table: str, attributes: TableAttributes) -> None:
    """Keys must name columns of the table: Redshift refuses, and a typo must not wait until then."""
    rows = session.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0", (table,)
    ).fetchall()
    names = {name for (name,) in rows}
    uniques = [name for unique in attributes.uniques for name in unique]
    for key in filter(None, [attributes.distkey, *attributes.sortkeys, *attributes.primary_key, *uniques]):
        if key not in names:
            raise RedshiftError(f'column "{key}" named in key does not exist')
    if attributes.diststyle == "KEY" and not attributes.distkey:
        raise RedshiftError("DISTSTYLE KEY must have a DISTKEY column")
    if attributes.distkey and attributes.diststyle not in ("KEY", "AUTO"):
        raise RedshiftError(f"DISTKEY column is not compatible with DISTSTYLE {attributes.diststyle}")


def create_schema(session: Session, statement: Statement) -> Outcome:
    found = statement.match(
        rf"CREATE\s+SCHEMA\s+(?P<guard>IF\s+NOT\s+EXISTS\s+)?(?P<name>{NAME_PATTERN})?"
        r'(?P<owner>\s*AUTHORIZATION\s+(?:"[^"]+"|\w+))?(?:\s+QUOTA\s+\S+(?:\s+[MGT]B)?)?',
        "CREATE SCHEMA",
    )
    name = quoted(table_name(found["name"]).name) if found["name"] else ""
    session.execute(f"CREATE SCHEMA {found['guard'] or ''}{name}{found['owner'] or ''}")
    return Outcome()


def create_database(session: Session, statement: Statement) -> Outcome:
    found = statement.match(rf"CREATE\s+DATABASE\s+(?P<name>{NAME_PATTERN})(?:\s+.*)?", "CREATE DATABASE")
    _require_superuser(session, "create database")
    session.databases.create(session.warehouse, table_name(found["name"]).name)
    return Outcome()


def drop_database(session: Session, statement: Statement) -> Outcome:
    found = statement.match(rf"DROP\s+DATABASE\s+(?P<name>{NAME_PATTERN})(?:\s+FORCE)?", "DROP DATABASE")
    _require_superuser(session, "drop database")
    name = table_name(found["name"]).name
    if name == session.database:
        raise RedshiftError("cannot drop the currently open database")
    if name not in session.databases.names(session.warehouse):
        raise RedshiftError(f'database "{name}" does not exist')
    session.databases.drop(session.warehouse, name)
    return Outcome()


def _require_superuser(session: Session, action: str) -> None:
    if session.in_transaction:
        raise RedshiftError(f"{action.upper()} cannot run inside a transaction block")
    row = session.execute("SELECT redshift_is_superuser()").fetchone()
    if not row or not row[0]:
        raise RedshiftError(f"permission denied to {action}")


def create_routine(session: Session, statement: Statement) -> Outcome:
    """Stored procedures (PL/pgSQL) and SQL functions."""
    if re.search(r"\bLANGUAGE\s+'?plpythonu", statement.text, re.IGNORECASE):
        raise RedshiftError("Python UDFs are not supported: their support ended on June 30, 2026")
    if re.search(r"\bLANGUAGE\s+'?(?!plpgsql|sql)\w+", statement.text, re.IGNORECASE):
        raise RedshiftError("syntax error: LANGUAGE must be plpgsql or sql")
    session.execute(re.sub(r"\bNONATOMIC\b", "", statement.text, count=1, flags=re.IGNORECASE))
    return Outcome()


def drop(session: Session, statement: Statement) -> Outcome:
    """DROP of everything PostgreSQL keeps; our metadata goes with the object."""
    text = statement.text
    if statement.words[:2] == ("DROP", "SCHEMA"):
        text = re.sub(r"\bDROP\s+EXTERNAL\s+DATABASE\b", "", text, flags=re.IGNORECASE)
    session.execute(text)
    _forget_external_schema(session, statement)
    return Outcome()


def _forget_external_schema(session: Session, statement: Statement) -> None:
    if statement.words[:2] != ("DROP", "SCHEMA"):
        return
    names = column_names(re.sub(r"^DROP\s+SCHEMA\s+(IF\s+EXISTS\s+)?", "", statement.text, flags=re.IGNORECASE))
    session.execute("SELECT redshift_forget_external_schemas(%s)", (names,))
