"""The crawler part of the Glue API."""

from __future__ import annotations

from statistics import median
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.responses import GlueResponse

from local.services.glue.crawlers.backend import CrawlersBackend
from local.services.glue.crawlers.records import Crawler
from local.services.glue.pages import page
from local.services.glue.refusals import invalid


class CrawlersResponse(GlueResponse):
    """Requests about crawlers."""

    @property
    def crawlers_backend(self) -> CrawlersBackend:
        backend = self.glue_backend
        assert isinstance(backend, CrawlersBackend)
        return backend

    def create_crawler(self) -> ActionResult:
        definition = dict(self.parameters)
        name = definition.pop("Name", None)
        if not name:
            raise invalid("Name is required.")
        self.crawlers_backend.define_crawler(name, definition, definition.pop("Tags", None))
        return EmptyResult()

    def update_crawler(self) -> ActionResult:
        changes = dict(self.parameters)
        self.crawlers_backend.redefine_crawler(changes.pop("Name"), changes)
        return EmptyResult()

    def delete_crawler(self) -> ActionResult:
        self.crawlers_backend.remove_crawler(self.parameters["Name"])
        return EmptyResult()

    def get_crawler(self) -> ActionResult:
        return ActionResult({"Crawler": self.crawlers_backend.crawler(self.parameters["Name"]).as_dict()})

    def get_crawlers(self) -> ActionResult:
        crawlers, token = self._page(self.crawlers_backend.all_crawlers())
        return ActionResult({"Crawlers": [crawler.as_dict() for crawler in crawlers], "NextToken": token})

    def batch_get_crawlers(self) -> ActionResult:
        wanted = self.parameters["CrawlerNames"]
        known = {crawler.name: crawler for crawler in self.crawlers_backend.all_crawlers()}
        return ActionResult(
            {
                "Crawlers": [known[name].as_dict() for name in wanted if name in known],
                "CrawlersNotFound": [name for name in wanted if name not in known],
            }
        )

    def list_crawlers(self) -> ActionResult:
        crawlers: list[Any] = self.crawlers_backend.all_crawlers()
        names = self.filter_crawlers_by_tags(crawlers, self.parameters.get("Tags") or {})
        chosen, token = self._page(names)
        return ActionResult({"CrawlerNames": chosen, "NextToken": token})

    def start_crawler(self) -> ActionResult:
        self.crawlers_backend.start_crawl(self.parameters["Name"])
        return EmptyResult()

    def stop_crawler(self) -> ActionResult:
        self.crawlers_backend.stop_crawl(self.parameters["Name"])
        return EmptyResult()

    def list_crawls(self) -> ActionResult:
        crawler = self.crawlers_backend.crawler(self.parameters["CrawlerName"])
        crawls, token = self._page(list(reversed(crawler.crawls)), 20)
        return ActionResult({"Crawls": [crawl.history(crawler.name) for crawl in crawls], "NextToken": token})

    def get_crawler_metrics(self) -> ActionResult:
        wanted = self.parameters.get("CrawlerNameList")
        crawlers = [crawler for crawler in self.crawlers_backend.all_crawlers() if not wanted or crawler.name in wanted]
        chosen, token = self._page(crawlers)
        return ActionResult({"CrawlerMetricsList": [metrics(crawler) for crawler in chosen], "NextToken": token})

    def _page(self, items: list[Any], default_size: int = 100) -> tuple[list[Any], str | None]:
        return page(items, self.parameters.get("NextToken"), self.parameters.get("MaxResults"), default_size)


def metrics(crawler: Crawler) -> dict[str, Any]:
    """One entry of GetCrawlerMetrics; times in seconds."""
    durations = [crawl.seconds for crawl in crawler.crawls if not crawl.running]
    crawl = crawler.last_crawl
    return {
        "CrawlerName": crawler.name,
        "TimeLeftSeconds": 0.0,
        "StillEstimating": bool(crawl and crawl.running),
        "LastRuntimeSeconds": durations[-1] if durations else 0.0,
        "MedianRuntimeSeconds": median(durations) if durations else 0.0,
        "TablesCreated": crawl.tables_created if crawl else 0,
        "TablesUpdated": crawl.tables_updated if crawl else 0,
        "TablesDeleted": crawl.tables_deleted if crawl else 0,
    }
