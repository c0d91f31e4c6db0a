"""Replaces in a query what PostgreSQL cannot read itself: late-binding views, masked columns, external tables."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from local.services.redshift.engine import late_binding_views, masking
from local.services.redshift.engine.session import Session
from local.services.redshift.errors import RedshiftError
from local.services.redshift.spectrum import external_tables
from local.services.redshift.translation.names import TableName

_MAX_NESTED_VIEWS = 30


def expand(session: Session, tree: exp.Expr, depth: int = 0) -> None:
    """Change the tree in place.

    :raises RedshiftError: a view is missing a right or a table, or views call each other in a circle
    """
    if depth > _MAX_NESTED_VIEWS:
        raise RedshiftError("infinite recursion detected in the definition of a view")
    written = tree.this if isinstance(tree, (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create)) else None
    if isinstance(written, exp.Schema):
        written = written.this
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    masks = masking.masks_of(session)
    late_binding = late_binding_views.all_queries(session)
    external = external_tables.schemas_of(session)
    for table in list(tree.find_all(exp.Table)):
        _strip_database(session, table)
        if table is written or not table.name or (not table.db and table.name.lower() in ctes):
            continue
        if table.db.lower() in external:
            external_tables.replace(session, table, tree, external[table.db.lower()])
        elif masks or late_binding:
            _replace_relation(session, table, masks, late_binding, lambda sub: expand(session, sub, depth + 1))


def _strip_database(session: Session, table: exp.Table) -> None:
    if not table.catalog:
        return
    if table.catalog.lower() != session.database.lower():
        raise RedshiftError(
            f'cross-database reference to database "{table.catalog}" is not supported by the local Redshift'
        )
    table.set("catalog", None)


def _replace_relation(
    session: Session,
    table: exp.Table,
    masks: dict[int, dict[str, str]],
    late_binding: dict[int, str],
    expand_nested: Callable[[exp.Expr], None],
) -> None:
    relation = session.relation(TableName(table.name.lower(), table.db.lower() or None))
    if relation is None:
        return
    if relation in late_binding:
        query = late_binding_views.query_of(session, relation, late_binding[relation])
        expand_nested(query)
    elif relation in masks:
        query = masking.masked_query(session, table, masks[relation])
    elif masks and (definition := masking.view_over(session, relation, masks)) is not None:
        query = definition
        expand_nested(query)
    else:
        return
    alias = exp.TableAlias(this=exp.to_identifier(table.alias or table.name))
    replacement = exp.Subquery(this=query, alias=alias)
    for clause in ("pivots", "joins"):
        if table.args.get(clause):
            replacement.set(clause, table.args[clause])
    table.replace(replacement)
