"""The Glue back end: moto's, with our catalog rules, jobs, crawlers and data quality."""

from __future__ import annotations

from types import ModuleType

from local.services.glue.catalog.backend import CatalogBackend
from local.services.glue.crawlers.backend import CrawlersBackend
from local.services.glue.data_quality.backend import DataQualityBackend
from local.services.glue.jobs.backend import JobsBackend


class LocalGlueBackend(CatalogBackend, JobsBackend, CrawlersBackend, DataQualityBackend):
    """One account's Glue in one region."""

    @property
    def _url_module(self) -> ModuleType:
        from local.services.glue import urls

        return urls

    def after_restore(self) -> None:
        """Called when the control plane has read its state back."""
        self.fail_interrupted_runs()
        self.fail_interrupted_crawls()
        self.fail_interrupted_data_quality_runs()
