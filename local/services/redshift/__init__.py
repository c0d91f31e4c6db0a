"""The local Amazon Redshift: the Data API and the Serverless API on a real PostgreSQL server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.settings import LocalSettings


def install(settings: LocalSettings) -> None:
    """Replace moto's Data API, which executes nothing, and add the Serverless API, which moto lacks."""
    import moto.redshiftdata.urls
    from moto.core.base_backend import BackendDict, BaseBackend

    from local import services
    from local.services.redshift import running
    from local.services.redshift.data_api.operations import DataApi
    from local.services.redshift.databases import Databases
    from local.services.redshift.server import Dispatcher, JsonService
    from local.services.redshift.serverless.model import ServerlessModel
    from local.services.redshift.serverless.operations import ServerlessApi
    from local.services.redshift.targets import Targets

    databases = Databases(settings)
    model = ServerlessModel(settings.folder("redshift") / "serverless.json", databases)
    data_api = DataApi(settings, databases, Targets(settings, model))
    running.bind(model, data_api.statements, data_api.sessions)
    dispatcher = Dispatcher(
        {
            "RedshiftData": JsonService("redshift-data", data_api),
            "RedshiftServerless": JsonService("redshift-serverless", ServerlessApi(settings, model)),
        }
    )
    moto.redshiftdata.urls.url_paths = {"{0}/$": dispatcher}

    class RedshiftServerlessBackend(BaseBackend):
        """Leads requests to the dispatcher; the state lies in the state folder, not in a snapshot."""

        @property
        def flask_paths(self) -> dict[str, Any]:
            return {"/": dispatcher}

        def __getstate__(self) -> dict[str, Any]:
            return {}

        def __setstate__(self, state: dict[str, Any]) -> None:
            """Nothing to restore."""

    backends = BackendDict(RedshiftServerlessBackend, "redshift-serverless", additional_regions=[settings.region])
    services.serve("redshift-serverless", backends, model="redshift-serverless")
