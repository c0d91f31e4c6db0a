"""Dynamic data masking: a table with masked columns is read through a subquery that computes the masks."""

from __future__ import annotations

import json
import re

from sqlglot import exp, parse_one

from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement
from local.services.redshift.translation import parse
from local.services.redshift.translation.names import NAME_PATTERN, column_names, quoted, table_name

_MASKS_OF_USER = """
WITH RECURSIVE member_of(oid) AS (
  SELECT oid FROM pg_roles WHERE rolname = session_user
  UNION SELECT m.roleid FROM pg_auth_members m JOIN member_of r ON m.member = r.oid)
SELECT a.relation, a.columns, p.inputs, p.expression
  FROM redshift_meta.attached_masks a JOIN redshift_meta.masking_policies p USING (policy)
 WHERE a.grantee = 'public' OR a.grantee IN (SELECT rolname FROM pg_roles JOIN member_of USING (oid))
 ORDER BY a.priority
"""


def create_policy(session: Session, statement: Statement) -> Outcome:
    found = statement.match(
        r"CREATE\s+MASKING\s+POLICY\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>\w+)\s+WITH\s*\((?P<inputs>.*?)\)\s+"
        r"USING\s*\((?P<expression>.*)\)",
        "CREATE MASKING POLICY",
    )
    inputs = [part.split()[0].strip('"').lower() for part in re.split(r",(?![^(]*\))", found["inputs"])]
    parse(f"SELECT {found['expression']}")
    session.execute(
        "SELECT redshift_create_masking_policy(%s, %s, %s)",
        (found["name"].lower(), json.dumps(inputs), found["expression"]),
    )
    return Outcome()


def drop_policy(session: Session, statement: Statement) -> Outcome:
    found = statement.match(r"DROP\s+MASKING\s+POLICY\s+(?P<name>\w+)", "DROP MASKING POLICY")
    session.execute("SELECT redshift_drop_masking_policy(%s)", (found["name"].lower(),))
    return Outcome()


def attach_policy(session: Session, statement: Statement) -> Outcome:
    found = statement.match(
        rf"ATTACH\s+MASKING\s+POLICY\s+(?P<name>\w+)\s+ON\s+(?P<table>{NAME_PATTERN})\s*\((?P<columns>[^)]*)\)"
        r"(?:\s+USING\s*\([^)]*\))?\s+TO\s+(?:ROLE\s+)?(?P<grantee>\"[^\"]+\"|[\w:-]+)(?:\s+PRIORITY\s+(?P<priority>\d+))?",
        "ATTACH MASKING POLICY",
    )
    session.execute(
        "SELECT redshift_attach_mask(%s, %s, %s, %s, %s)",
        (
            found["name"].lower(),
            session.require_relation(table_name(found["table"])),
            column_names(found["columns"]),
            found["grantee"].strip('"').lower(),
            int(found["priority"] or 0),
        ),
    )
    return Outcome()


def detach_policy(session: Session, statement: Statement) -> Outcome:
    found = statement.match(
        rf"DETACH\s+MASKING\s+POLICY\s+(?P<name>\w+)\s+ON\s+(?P<table>{NAME_PATTERN})\s*\([^)]*\)"
        r"\s+FROM\s+(?:ROLE\s+)?(?P<grantee>\"[^\"]+\"|[\w:-]+)",
        "DETACH MASKING POLICY",
    )
    relation = session.require_relation(table_name(found["table"]))
    grantee = found["grantee"].strip('"').lower()
    session.execute("SELECT redshift_detach_mask(%s, %s, %s)", (found["name"].lower(), relation, grantee))
    return Outcome()


def masks_of(session: Session) -> dict[int, dict[str, str]]:
    """Masks for this session's user: relation -> column -> expression; the highest priority wins."""
    masks: dict[int, dict[str, str]] = {}
    for relation, columns, inputs, expression in session.execute(_MASKS_OF_USER).fetchall():
        tree = parse(expression)
        renamed = dict(zip(inputs, columns, strict=False))
        for column in list(tree.find_all(exp.Column)):
            if column.name.lower() in renamed:
                column.set("this", exp.to_identifier(renamed[column.name.lower()], quoted=True))
        masks.setdefault(int(relation), {})[columns[0]] = tree.sql(dialect="redshift")
    return masks


_TABLES_OF_VIEW = """
WITH RECURSIVE read_by(relation) AS (
  SELECT d.refobjid FROM pg_rewrite r JOIN pg_depend d ON d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
   WHERE r.ev_class = %s AND d.refobjid <> r.ev_class
  UNION SELECT d.refobjid FROM read_by v JOIN pg_rewrite r ON r.ev_class = v.relation
    JOIN pg_depend d ON d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class)
SELECT relation FROM read_by
"""


def view_over(session: Session, relation: int, masks: dict[int, dict[str, str]]) -> exp.Expr | None:
    """The query of a view that reads a masked table: who reads a view sees by masks of its own ("Considerations when
    using dynamic data masking"). None for other relations. The reader then needs rights on the table, too.
    """
    row = session.execute(
        "SELECT pg_get_viewdef(oid) FROM pg_class WHERE oid = %s AND relkind = 'v'", (relation,)
    ).fetchone()
    if row is None:
        return None
    tables = {int(found) for (found,) in session.execute(_TABLES_OF_VIEW, (relation,)).fetchall()}
    return parse_one(str(row[0]), dialect="postgres") if tables & masks.keys() else None


def masked_query(session: Session, table: exp.Table, masks: dict[str, str]) -> exp.Expr:
    items = [f"{masks[name]} AS {quoted(name)}" if name in masks else quoted(name) for name in session.columns(table)]
    source = exp.Table(this=table.this.copy(), db=table.args.get("db"))
    return parse(f"SELECT {', '.join(items)} FROM {source.sql(dialect='redshift')}")
