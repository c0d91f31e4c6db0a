"""The Glue API: moto's, with our catalog rules, jobs and crawlers."""

from __future__ import annotations

from local.services.glue.catalog.responses import CatalogResponse
from local.services.glue.crawlers.responses import CrawlersResponse
from local.services.glue.jobs.responses import JobsResponse


class LocalGlueResponse(CatalogResponse, JobsResponse, CrawlersResponse):
    """All requests to Glue."""
