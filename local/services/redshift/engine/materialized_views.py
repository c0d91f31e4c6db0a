"""Materialized views: created, refreshed and watched for staleness.

PostgreSQL recomputes a view on every refresh; whether Redshift could refresh it incrementally is judged from its query
(dg/materialized-view-refresh) and shown in SVV_MV_INFO.state.
"""

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
from local.services.redshift.translation.clauses import take_clauses
from local.services.redshift.translation.names import NAME_PATTERN, TableName, table_name

_MUTABLE = frozenset({"getdate", "sysdate", "random", "timeofday", "median"})
_RECOMPUTED: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.Window, "window functions"),
    (exp.Distinct, "DISTINCT"),
    (exp.SetOperation, "set operations"),
    (exp.GroupConcat, "LISTAGG"),
    (exp.PercentileCont, "PERCENTILE_CONT"),
    (exp.CurrentDate, "CURRENT_DATE (mutable)"),
    (exp.CurrentTimestamp, "CURRENT_TIMESTAMP (mutable)"),
    (exp.Rand, "RANDOM (mutable)"),
)
# the tables below a view, through other views
_TABLES_BELOW = """
WITH RECURSIVE below(relation) AS (
  SELECT unnest(%s::oid[])
  UNION
  SELECT d.refobjid FROM below b JOIN pg_class v ON v.oid = b.relation AND v.relkind = 'v'
    JOIN pg_rewrite r ON r.ev_class = v.oid
    JOIN pg_depend d ON d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid)
SELECT DISTINCT c.oid FROM below b JOIN pg_class c ON c.oid = b.relation WHERE c.relkind IN ('r', 'm', 'p')
"""


def create(session: Session, statement: Statement) -> Outcome:
    text, attributes = take_clauses(statement.text)
    found = re.match(
        rf"CREATE\s+MATERIALIZED\s+VIEW\s+(?P<name>{NAME_PATTERN})\s*(?P<columns>\([^)]*\))?\s*AS\s+(?P<query>.+)\Z",
        text,
        re.IGNORECASE | re.DOTALL,
    )
    if found is None:
        raise RedshiftError("syntax error in CREATE MATERIALIZED VIEW")
    name = table_name(found["name"])
    tree = parse(found["query"])
    linter.check_tree(tree, found["query"])
    if tree.find(exp.Order) and not tree.find(exp.Window, exp.WithinGroup):
        raise RedshiftError("ORDER BY is not supported in the definition of a materialized view")
    reasons = recompute_reasons(tree)
    expand(session, tree)
    bases = _bases(session, tree)
    with session.atomic():
        query = to_postgres(tree, session)
        session.execute(f"CREATE MATERIALIZED VIEW {name.sql} {found['columns'] or ''} AS {query}")
        relation = session.require_relation(name)
        session.execute(
            "SELECT redshift_set_materialized_view(%s, %s, %s, %s, %s)",
            (relation, attributes.auto_refresh, not reasons, ", ".join(reasons) or None, bases),
        )
        session.execute("SELECT redshift_set_table(%s, %s)", (relation, json.dumps(attributes.stored())))
    return Outcome()


def recompute_reasons(tree: exp.Expr) -> list[str]:
    """Why Redshift would recompute the view on each refresh; empty = it refreshes incrementally."""
    reasons = {f"{join.side.upper()} OUTER JOIN" for join in tree.find_all(exp.Join) if join.side}
    reasons |= {name for node, name in _RECOMPUTED if tree.find(node)}
    called = {function.name.lower() for function in tree.find_all(exp.Anonymous)}
    reasons |= {f"{name.upper()} (mutable or unsupported)" for name in called & _MUTABLE}
    return sorted(reasons)


def _bases(session: Session, tree: exp.Expr) -> list[int]:
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    relations = []
    for table in tree.find_all(exp.Table):
        if table.name and (table.db or table.name.lower() not in ctes):
            relation = session.relation(TableName(table.name.lower(), table.db.lower() or None))
            if relation is not None:
                relations.append(relation)
    return [int(row[0]) for row in session.execute(_TABLES_BELOW, (relations,)).fetchall()]


def refresh(session: Session, statement: Statement) -> Outcome:
    """REFRESH; CASCADE refreshes the views that this one reads first."""
    found = statement.match(
        rf"REFRESH\s+MATERIALIZED\s+VIEW\s+(?P<name>{NAME_PATTERN})(?P<cascade>\s+CASCADE|\s+RESTRICT)?",
        "REFRESH MATERIALIZED VIEW",
    )
    relation = session.require_relation(table_name(found["name"]))
    order = [relation]
    if (found["cascade"] or "").strip().upper() == "CASCADE":
        order = _with_views_below(session, relation)
    notices = []
    with session.atomic():
        for view in order:
            notices.append(_refresh_one(session, view))
    return Outcome(notices=notices, kind="REFRESH")


def _refresh_one(session: Session, relation: int) -> str:
    row = session.execute(
        "SELECT %s::regclass::text, m.incremental FROM redshift_meta.materialized_views m WHERE m.relation = %s",
        (relation, relation),
    ).fetchone()
    if row is None:
        raise RedshiftError(f"relation with id {relation} is not a materialized view")
    session.execute(f"REFRESH MATERIALIZED VIEW {row[0]}")
    session.execute("SELECT redshift_mark_refreshed(%s)", (relation,))
    how = "incrementally updated" if row[1] else "recomputed from scratch"
    return f"INFO: Materialized view {row[0]} was {how} successfully."


def _with_views_below(session: Session, relation: int) -> list[int]:
    rows = session.execute("SELECT relation, bases FROM redshift_meta.materialized_views").fetchall()
    bases = {int(view): [int(base) for base in below] for view, below in rows}
    order: list[int] = []

    def visit(view: int) -> None:
        for base in bases.get(view, []):
            if base in bases:
                visit(base)
        if view not in order:
            order.append(view)

    visit(relation)
    return order


def alter(session: Session, statement: Statement) -> Outcome:
    found = re.match(
        rf"ALTER\s+MATERIALIZED\s+VIEW\s+(?P<name>{NAME_PATTERN})\s+AUTO\s+REFRESH\s+(?P<switch>YES|NO)\s*\Z",
        statement.text,
        re.IGNORECASE,
    )
    if found is None:
        session.execute(statement.text)  # OWNER TO, RENAME
        return Outcome()
    relation = session.require_relation(table_name(found["name"]))
    session.execute("SELECT redshift_set_auto_refresh(%s, %s)", (relation, found["switch"].upper() == "YES"))
    return Outcome()
