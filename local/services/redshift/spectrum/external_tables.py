"""Reads external tables: DuckDB fetches the needed columns and rows of the files, then the query runs on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from local.services.redshift.errors import RedshiftError

if TYPE_CHECKING:
    from local.services.redshift.engine.session import Session


@dataclass(frozen=True)
class ExternalSchema:
    """:param iam_role: ARN; None = the warehouse's default role."""

    glue_database: str
    iam_role: str | None


def schemas_of(session: Session) -> dict[str, ExternalSchema]:
    rows = session.execute("SELECT schema_name, glue_database, iam_role FROM redshift_meta.external_schemas").fetchall()
    return {name: ExternalSchema(database, role or None) for name, database, role in rows}


def replace(session: Session, table: exp.Table, tree: exp.Expr, schema: ExternalSchema) -> None:
    """Replace one external table in the tree.

    :raises RedshiftError: always, for now
    """
    raise RedshiftError(f'external table "{table.db}.{table.name}" cannot be read: not supported by the local Redshift')
