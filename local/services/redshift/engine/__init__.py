"""Executes Redshift statements on PostgreSQL."""

from local.services.redshift.engine.session import Session

__all__ = ["Session"]
