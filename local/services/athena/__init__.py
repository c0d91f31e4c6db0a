"""Amazon Athena: Trino SQL that really runs, on DuckDB over the lake's S3, governed by Lake Formation."""

from __future__ import annotations

from local.settings import LocalSettings


def install(settings: LocalSettings) -> None:
    """Put our back end behind moto's Athena. Called once, before the first request."""
    from moto.athena.models import athena_backends

    from local.persistence import persist
    from local.services.athena.engine import start_engine
    from local.services.athena.models import LocalAthenaBackend, use_runner
    from local.services.athena.runner import QueryRunner
    from local.services.lakeformation import access

    use_runner(QueryRunner(start_engine(settings, access), finished=lambda: persist("athena")))
    athena_backends.backend = LocalAthenaBackend
    athena_backends.clear()


def close() -> None:
    """Interrupt running queries."""
    from local.services.athena.models import runner

    runner().close()
