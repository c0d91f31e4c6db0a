"""The running engine: what queries and the API share in this process."""

from __future__ import annotations

from functools import cache
from typing import Any

from moto.glue.models import glue_backends

from local.clients import service_client
from local.identity import LOCAL_ADMIN, access_key_for, secret_key_for
from local.services.athena.access import AccessControl
from local.services.athena.catalog import Catalog
from local.services.athena.duckdb_pool import ConnectionPool, EngineSettings
from local.services.athena.runner import CONCURRENT_QUERIES, EngineServices
from local.services.athena.storage import Storage
from local.settings import LocalSettings

_services: EngineServices | None = None


def services() -> EngineServices:
    assert _services is not None, "local.services.athena.install() has not run"
    return _services


def start_engine(settings: LocalSettings, access: AccessControl) -> EngineServices:
    """Connect the engine to one local AWS.

    Data is read and results are written with the engine's own credentials, as Lake Formation vends them on AWS.
    """
    global _services
    engine_settings = EngineSettings(
        s3_endpoint=settings.s3_endpoint_url.split("//", 1)[1],
        access_key=access_key_for(LOCAL_ADMIN),
        secret_key=secret_key_for(LOCAL_ADMIN),
        region=settings.region,
        temporary_folder=settings.folder("athena") / "spill",
    )
    engine_settings.temporary_folder.mkdir(parents=True, exist_ok=True)

    @cache
    def glue_client(principal: str) -> Any:
        return service_client("glue", settings, principal)

    def catalog_for(principal: str) -> Catalog:
        return Catalog(glue_backends[settings.account_id][settings.region], glue_client(principal))

    def iceberg_for(principal: str) -> Any:
        from pyiceberg.catalog.glue import GlueCatalog

        properties = {
            "s3.endpoint": settings.s3_endpoint_url,
            "s3.access-key-id": engine_settings.access_key,
            "s3.secret-access-key": engine_settings.secret_key,
            "s3.region": settings.region,
            "s3.path-style-access": "true",
        }
        return GlueCatalog("glue", client=glue_client(principal), **properties)

    _services = EngineServices(
        pool=ConnectionPool(engine_settings, CONCURRENT_QUERIES),
        storage=Storage(service_client("s3", settings)),
        access=access,
        catalog_for=catalog_for,
        iceberg_for=iceberg_for,
    )
    return _services
