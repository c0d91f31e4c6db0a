"""AWS Glue: catalog, jobs on real Spark, crawlers that read the files, data quality rules that are evaluated.

Imported by the Glue runtime too (``worker``), so nothing heavy may be imported here at the top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.settings import LocalSettings


def install(settings: LocalSettings) -> None:
    """Put our back end behind moto's Glue and start what jobs need. Called once, before the first request."""
    from moto.glue.models import glue_backends

    from local.services.glue import engines
    from local.services.glue.models import LocalGlueBackend

    glue_backends.backend = LocalGlueBackend
    glue_backends.clear()
    engines.start(settings)


def close() -> None:
    """End job processes and Spark."""
    from local.services.glue import engines

    engines.close()
