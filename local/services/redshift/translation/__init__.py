"""Redshift SQL to PostgreSQL SQL.

Functions keep their names: PostgreSQL gets them with Redshift's meaning in ``pg_catalog`` (``functions.sql``). Only
syntax is transformed here.
"""

from local.services.redshift.translation.dialect import RedshiftSql, parse
from local.services.redshift.translation.generator import PostgresSql, Verbatim
from local.services.redshift.translation.rewrite import ColumnLookup, to_postgres

__all__ = ["ColumnLookup", "PostgresSql", "RedshiftSql", "Verbatim", "parse", "to_postgres"]
