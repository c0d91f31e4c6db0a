"""The Glue API: moto's, with our catalog rules, jobs, crawlers and data quality."""

from __future__ import annotations

from moto.core.common_types import TYPE_RESPONSE
from moto.core.utils import camelcase_to_underscores

from local.services.glue.catalog.responses import CatalogResponse
from local.services.glue.crawlers.responses import CrawlersResponse
from local.services.glue.data_quality.responses import DataQualityResponse
from local.services.glue.jobs.responses import JobsResponse

# moto stores these and never runs them; refused, because a stored trigger looks like one that will fire.
_NEVER_RUN = ("trigger", "workflow", "session", "dev_endpoint", "ml_transform")


class LocalGlueResponse(CatalogResponse, JobsResponse, CrawlersResponse, DataQualityResponse):
    """All requests to Glue."""

    def call_action(self) -> TYPE_RESPONSE:
        action = camelcase_to_underscores(self._get_action())
        if any(word in action for word in _NEVER_RUN):
            raise NotImplementedError(f"glue:{self._get_action()}")
        return super().call_action()
