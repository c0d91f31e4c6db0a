"""The running engines of this control plane.

They hold processes and threads, so they are no part of any back end's state.
"""

from __future__ import annotations

import logging
import os
import threading

from local.persistence import persist
from local.services.glue.crawlers.engine import CrawlerEngine
from local.services.glue.data_quality.run_engine import DataQualityEngine
from local.services.glue.jobs.execution import JobEngine
from local.services.glue.runtimes import DEFAULT_VERSION, UnsupportedGlueVersion
from local.settings import LocalSettings

log = logging.getLogger(__name__)

_settings: LocalSettings | None = None
_job_engines: dict[str, JobEngine] = {}
_crawler_engine: CrawlerEngine | None = None
_data_quality_engine: DataQualityEngine | None = None
_lock = threading.Lock()


def start(settings: LocalSettings) -> None:
    """Remember where we are and warm up the default Glue version in the background.

    ``SLUICE_GLUE_PREWARM=0`` leaves the warming to the first job run: it costs about 25 s of processor time.
    """
    global _settings, _crawler_engine, _data_quality_engine
    _settings = settings
    _crawler_engine = CrawlerEngine(settings, lambda: persist("glue"))
    _data_quality_engine = DataQualityEngine(settings, lambda: persist("glue"))
    if os.environ.get("SLUICE_GLUE_PREWARM") == "0":
        return
    try:
        job_engine(DEFAULT_VERSION).prepare()
    except UnsupportedGlueVersion as error:
        # The rest of the local AWS works without the Glue runtime; a job run will say the same.
        log.warning("Glue jobs cannot run: %s", error)


def job_engine(version: str) -> JobEngine:
    """The engine of a Glue version, made when first asked for.

    :raises UnsupportedGlueVersion: there is no such runtime
    """
    if _settings is None:
        raise RuntimeError("Glue is not installed: call local.services.glue.install() first")
    with _lock:
        if version not in _job_engines:
            _job_engines[version] = JobEngine(_settings, version, lambda: persist("glue"))
        return _job_engines[version]


def crawler_engine() -> CrawlerEngine:
    if _crawler_engine is None:
        raise RuntimeError("Glue is not installed: call local.services.glue.install() first")
    return _crawler_engine


def data_quality_engine() -> DataQualityEngine:
    if _data_quality_engine is None:
        raise RuntimeError("Glue is not installed: call local.services.glue.install() first")
    return _data_quality_engine


def close() -> None:
    """End all processes."""
    with _lock:
        engines = list(_job_engines.values())
        _job_engines.clear()
    for engine in engines:
        engine.close()
