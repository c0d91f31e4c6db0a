"""The running engine: what queries and the API share in this process."""

from __future__ import annotations

from functools import cache
from typing import Any

from moto.glue.models import glue_backends

from local.clients import service_client
from local.identity import Caller, access_key_for, secret_key_for
from local.services.athena.access import AccessControl
from local.services.athena.catalog import Catalog
from local.services.athena.duckdb_pool import ConnectionPool, EngineSettings
from local.services.athena.forward_access import ForwardAccess
from local.services.athena.runner import CONCURRENT_QUERIES, EngineServices
from local.settings import LocalSettings

_services: EngineServices | None = None


def services() -> EngineServices:
    assert _services is not None, "local.services.athena.install() has not run"
    return _services


def start_engine(settings: LocalSettings, access: AccessControl) -> EngineServices:
    """Connect the engine to one local AWS. It has no rights of its own: see `forward_access`."""
    global _services
    engine_settings = EngineSettings(
        s3_endpoint=settings.s3_endpoint_url.split("//", 1)[1],
        region=settings.region,
        temporary_folder=settings.folder("athena") / "spill",
    )
    engine_settings.temporary_folder.mkdir(parents=True, exist_ok=True)

    @cache
    def glue_client(principal: str) -> Any:
        return service_client("glue", settings, principal)

    def catalog_for(caller: Caller, rights: ForwardAccess) -> Catalog:
        return Catalog(glue_backends[settings.account_id][settings.region], glue_client(caller.name), rights)

    def iceberg_for(principal: str) -> Any:
        from pyiceberg.catalog.glue import GlueCatalog

        properties = {
            "s3.endpoint": settings.s3_endpoint_url,
            "s3.access-key-id": access_key_for(principal),
            "s3.secret-access-key": secret_key_for(principal),
            "s3.region": settings.region,
            "s3.path-style-access": "true",
        }
        return GlueCatalog("glue", client=glue_client(principal), **properties)

    _services = EngineServices(
        pool=ConnectionPool(engine_settings, CONCURRENT_QUERIES),
        access=access,
        rights_of=lambda caller: ForwardAccess(caller, settings),
        catalog_for=catalog_for,
        iceberg_for=iceberg_for,
    )
    return _services
