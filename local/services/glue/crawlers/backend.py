"""Crawlers: the state behind the crawler part of the Glue API."""

from __future__ import annotations

from typing import Any

from moto.glue.models import GlueBackend

from local.errors import AwsError
from local.services.glue import engines
from local.services.glue.crawlers.records import LOG_GROUP, Crawl, Crawler
from local.services.glue.log_encryption import encrypts_logs
from local.services.glue.refusals import already_exists, not_found

INTERRUPTED = "The local AWS was stopped while this crawl ran. Start the crawler again."
# What ListCrawls still shows; AWS keeps 12 months.
KEPT_CRAWLS = 200


class CrawlersBackend(GlueBackend):
    """moto's Glue with crawlers that crawl."""

    def define_crawler(self, name: str, definition: dict[str, Any], tags: dict[str, str] | None) -> None:
        """:raises AwsError: the name is taken, or the definition is not valid"""
        if name in self.crawlers:
            raise already_exists(f"{name} already exists")
        arn = f"arn:aws:glue:{self.region_name}:{self.account_id}:crawler/{name}"
        self.crawlers[name] = Crawler(name, definition, arn)  # type: ignore[assignment]
        self.tag_resource(arn, tags)

    def crawler(self, name: str) -> Crawler:
        """:raises AwsError: no such crawler"""
        crawler: Any = self.crawlers.get(name)
        if crawler is None:
            raise not_found(f"Crawler {name} not found.")
        assert isinstance(crawler, Crawler)
        return crawler

    def idle_crawler(self, name: str) -> Crawler:
        """:raises AwsError: no such crawler, or it runs"""
        crawler = self.crawler(name)
        if crawler.state != "READY":
            raise AwsError("CrawlerRunningException", f"Crawler with name {name} has already started")
        return crawler

    def redefine_crawler(self, name: str, changes: dict[str, Any]) -> None:
        self.idle_crawler(name).replace(changes)

    def remove_crawler(self, name: str) -> None:
        self.idle_crawler(name)
        del self.crawlers[name]

    def start_crawl(self, name: str) -> None:
        """RUNNING when this returns: waiters take READY for the end.

        :raises AwsError: no such crawler or security configuration, or it runs
        """
        crawler = self.idle_crawler(name)
        security = crawler.definition.get("CrawlerSecurityConfiguration")
        encrypted = security and encrypts_logs(self.get_security_configuration(security).configuration)
        crawl = Crawl(log_group=f"{LOG_GROUP}-role/{crawler.role}-{security}") if encrypted else Crawl()
        crawler.crawls = [*crawler.crawls[-KEPT_CRAWLS:], crawl]
        engines.crawler_engine().start(crawler, crawl)

    def stop_crawl(self, name: str) -> None:
        """:raises AwsError: no such crawler, or it does not run"""
        crawler = self.crawler(name)
        crawl = crawler.last_crawl
        if crawl is None or not crawl.running:
            raise AwsError("CrawlerNotRunningException", f"Crawler with name {name} isn't running")
        if crawl.stopping:
            raise AwsError("CrawlerStoppingException", f"Crawler with name {name} is stopping")
        crawl.stopping = True

    def all_crawlers(self) -> list[Crawler]:
        crawlers: list[Any] = list(self.crawlers.values())
        return crawlers

    def fail_interrupted_crawls(self) -> None:
        """After a restart: whatever was going on ended with the old process."""
        for crawler in self.all_crawlers():
            for crawl in crawler.crawls:
                crawl.end("FAILED", INTERRUPTED)
