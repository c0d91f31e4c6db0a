"""Runs crawls: one thread per crawl."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.errors import AwsError
from local.services.glue.crawlers.catalog_writer import CatalogWriter
from local.services.glue.crawlers.classification import classify
from local.services.glue.crawlers.configuration import CrawlerConfiguration, read_configuration
from local.services.glue.crawlers.layout import ClassifiedFile, FoundTable, find_tables
from local.services.glue.crawlers.listing import S3File, list_files, split_target
from local.services.glue.crawlers.records import DEFAULT_RECRAWL_POLICY, Crawl, Crawler
from local.services.glue.crawlers.samples import UnreadableFile
from local.services.glue.crawlers.schemas import FileSchema
from local.services.glue.jobs.logs import LogStream
from local.services.glue.role_clients import CONNECTIONS, RoleClients
from local.settings import LocalSettings

log = logging.getLogger(__name__)

# Files read per folder when the target sets no SampleSize; the rest of a folder is taken to be alike.
SAMPLED_FILES = 10
REMEMBERED_FILES = 20_000


class CrawlStopped(Exception):
    """StopCrawler was called."""


class CrawlerEngine:
    """Executes crawls.

    :param changed: called after changes of a crawl's record that no request made
    """

    def __init__(self, settings: LocalSettings, changed: Callable[[], None]) -> None:
        self.settings = settings
        self.changed = changed
        self.clients = RoleClients(settings)
        # A file that was classified once is not read again until it changes
        self.remembered: OrderedDict[tuple[str, str, str], FileSchema | None] = OrderedDict()
        self.lock = threading.Lock()

    def start(self, crawler: Crawler, crawl: Crawl) -> None:
        threading.Thread(
            target=self._execute, args=(crawler, crawl), name=f"crawler-{crawler.name}", daemon=True
        ).start()

    def _execute(self, crawler: Crawler, crawl: Crawl) -> None:
        settings = self.settings
        stream = LogStream(settings.account_id, settings.region, crawl.log_group, crawler.name, crawler.role)

        def say(line: str) -> None:
            stream.write([f"[{crawl.crawl_id}] {line}"])

        try:
            say(f"BENCHMARK : Running Start Crawl for Crawler {crawler.name}")
            self._crawl(crawler, crawl, say)
            crawl.summary = (
                f"{crawl.tables_created} created, {crawl.tables_updated} updated, {crawl.tables_deleted} deleted"
            )
            say("BENCHMARK : Crawler has finished running and is in state READY")
            crawl.end("SUCCEEDED")
        except CrawlStopped:
            say("INFO : Crawl was cancelled")
            crawl.end("CANCELLED")
        except (ClientError, BotoCoreError, AwsError) as error:
            say(f"ERROR : {error}")
            crawl.end("FAILED", str(error))
        except Exception as error:
            log.exception("crawler %s", crawler.name)
            say(f"ERROR : Internal Service Exception: {type(error).__name__}: {error}")
            crawl.end("FAILED", f"Internal Service Exception: {type(error).__name__}: {error}")
        finally:
            self.changed()

    def _crawl(self, crawler: Crawler, crawl: Crawl, say: Callable[[str], None]) -> None:
        configuration = read_configuration(crawler.definition.get("Configuration"))
        s3 = self.clients.client("s3", crawler.role)
        glue = self.clients.client("glue", crawler.role)
        writer = CatalogWriter(glue, crawler, crawl, configuration, say)
        writer.read_tables()
        only_new = _recrawls_only_new_folders(crawler)
        known_folders = self._known_folders(writer) if only_new else frozenset()
        found: dict[str, FoundTable] = {}
        for target in crawler.definition["Targets"]["S3Targets"]:
            for table in self._tables_of_target(s3, target, configuration, crawl, known_folders, say):
                found[writer.write(table)] = table
                check_stopped(crawl)
        if not found:
            say("INFO : No tables: no readable files in the targets")
        targets = [_target_uri(target["Path"]) for target in crawler.definition["Targets"]["S3Targets"]]
        writer.forget_missing(found, targets, keep_partitions=only_new)

    def _known_folders(self, writer: CatalogWriter) -> frozenset[str]:
        return frozenset(
            partition["StorageDescriptor"]["Location"]
            for table in writer.own_tables()
            for partition in writer.partitions_of(table["Name"])
        )

    def _tables_of_target(
        self,
        s3: Any,
        target: dict[str, Any],
        configuration: CrawlerConfiguration,
        crawl: Crawl,
        known_folders: frozenset[str],
        say: Callable[[str], None],
    ) -> list[FoundTable]:
        bucket, prefix = split_target(target["Path"])
        files = [
            file
            for file in list_files(s3, bucket, prefix, target.get("Exclusions") or ())
            if f"s3://{bucket}/{file.folder}" not in known_folders
        ]
        check_stopped(crawl)
        is_object = any(file.key == prefix for file in files)
        root = prefix if is_object or not prefix or prefix.endswith("/") else prefix + "/"
        chosen = sampled(files, target.get("SampleSize") or SAMPLED_FILES)
        classified = self._classify_all(s3, chosen, crawl, say)
        rest = set(files) - set(chosen)
        unsampled = [ClassifiedFile(file, None) for file in files if file in rest]
        return find_tables(classified + unsampled, bucket, root, configuration.table_level)

    def _classify_all(
        self, s3: Any, files: list[S3File], crawl: Crawl, say: Callable[[str], None]
    ) -> list[ClassifiedFile]:
        """Classify in parallel; a file that cannot be read is left out and named in the log."""

        def one(file: S3File) -> ClassifiedFile:
            check_stopped(crawl)
            return ClassifiedFile(file, self._schema_of(s3, file, say))

        with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="crawler-reader") as readers:
            results = list(readers.map(one, files))
        return [result for result in results if result.schema is not None]

    def _schema_of(self, s3: Any, file: S3File, say: Callable[[str], None]) -> FileSchema | None:
        identity = (file.bucket, file.key, file.etag)
        with self.lock:
            if identity in self.remembered:
                return self.remembered[identity]
        try:
            schema = classify(s3, file)
            if schema is None:
                say(f"WARN : {file.uri} has the classification UNKNOWN: no built-in classifier recognises it; left out")
        except UnreadableFile as error:
            say(f"WARN : {file.uri} cannot be read: {error}; left out")
            return None
        with self.lock:
            self.remembered[identity] = schema
            while len(self.remembered) > REMEMBERED_FILES:
                self.remembered.popitem(last=False)
        return schema


def _recrawls_only_new_folders(crawler: Crawler) -> bool:
    policy = DEFAULT_RECRAWL_POLICY | (crawler.definition.get("RecrawlPolicy") or {})
    return bool(policy["RecrawlBehavior"] == "CRAWL_NEW_FOLDERS_ONLY")


def _target_uri(path: str) -> str:
    bucket, prefix = split_target(path)
    return f"s3://{bucket}/{prefix}"


def check_stopped(crawl: Crawl) -> None:
    """:raises CrawlStopped: StopCrawler was called"""
    if crawl.stopping:
        raise CrawlStopped


def sampled(files: list[S3File], per_folder: int) -> list[S3File]:
    """At most so many files of each folder, spread evenly over it."""
    folders: dict[str, list[S3File]] = defaultdict(list)
    for file in files:
        folders[file.folder].append(file)
    chosen = []
    for inside in folders.values():
        step = max(1.0, len(inside) / per_folder)
        picked = {int(position * step) for position in range(min(per_folder, len(inside)))}
        chosen += [inside[position] for position in sorted(picked)]
    return chosen
