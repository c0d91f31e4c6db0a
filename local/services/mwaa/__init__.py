"""Amazon MWAA: environments that really take their pinned files from S3 and really run Airflow behind InvokeRestApi."""

from __future__ import annotations

from local.settings import LocalSettings


def install(settings: LocalSettings) -> None:
    """Serve MWAA, which moto lacks.

    :param settings: of the local AWS.
    """
    from moto.core.base_backend import BackendDict

    from local import services
    from local.services.mwaa.airflow import RunningAirflows
    from local.services.mwaa.changes import Changes
    from local.services.mwaa.models import MwaaBackend
    from local.services.mwaa.operations import Operations
    from local.services.mwaa.rest_api import RestApi

    backends = BackendDict(MwaaBackend, "mwaa", additional_regions=[settings.region])
    backend: MwaaBackend = backends[settings.account_id][settings.region]
    airflows = RunningAirflows(settings)
    changes = Changes(settings, backend, airflows)
    MwaaBackend.operations = Operations(settings, backend, changes, RestApi(airflows))
    MwaaBackend.changes = changes
    services.serve("airflow", backends, model="mwaa")


def close() -> None:
    """Stop every environment's Airflow."""
    from local.services.mwaa.models import MwaaBackend

    MwaaBackend.changes.close()
