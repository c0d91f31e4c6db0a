"""Wait for a day's delivery, and let the crawler report what came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerRunOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.amazon.aws.triggers.glue_crawler import GlueCrawlerCompleteTrigger
from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout, AirflowSkipException

from lake.failures import refused_call
from lake.landing_files import list_files
from lake.settings import polls

if TYPE_CHECKING:
    from airflow.sdk import Context

MARKER = "_SUCCESS"
CRAWL_SECONDS = 3600
"""How long a crawl is watched at most."""


class LandingSensor(S3KeySensor):
    """Wait until a day's delivery is complete, that is until its marker exists.

    A scheduled run waits for ``patience`` after the end of its data interval. A run that a person started does not
    wait: it asks for a day now. A day without files is skipped, because the shop is closed on some days; files without
    the marker are a delivery that broke off, and fail.

    :param folder: S3 address of the day's folder, ending with a slash (templated)
    :param patience: how long after the end of the data interval the delivery may still come
    """

    template_fields = (*S3KeySensor.template_fields, "folder")

    def __init__(self, *, folder: str, patience: timedelta, **kwargs: Any) -> None:
        super().__init__(bucket_key=folder + MARKER, **kwargs)
        self.folder = folder
        self.patience = patience

    def execute(self, context: Context) -> None:
        if self.poke(context=context):
            return
        self.timeout = self._seconds_left(context)
        if self.timeout <= 0:
            self._report_absence()
        self._defer()

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except AirflowSensorTimeout:
            return self._report_absence()

    def _seconds_left(self, context: Context) -> float:
        dag_run = context["dag_run"]
        end = dag_run.data_interval_end
        if dag_run.run_type == "manual" or end is None:
            return 0
        return (end + self.patience - datetime.now(UTC)).total_seconds()

    def _report_absence(self) -> None:
        bucket, prefix = self.hook.parse_s3_url(self.folder)
        files = list_files(self.hook.conn, bucket, prefix)
        if not files:
            raise AirflowSkipException(f"No delivery: {self.folder} holds no files. Nothing to do for this day.")
        raise AirflowFailException(
            f"The delivery is incomplete: {self.folder} holds {len(files)} file(s) but no {MARKER} marker. The sender "
            f"must finish the delivery and write {self.folder}{MARKER} (an empty object); then clear this task."
        )


class CrawlLandingOperator(GlueCrawlerRunOperator):
    """Run a crawler, also when another day's run has just started it.

    The other crawl may have listed the bucket before our files came, so it is waited for and then ours is started.
    """

    def execute(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """:param event: how another run's crawl ended, which was waited for; that is its own task's business"""
        from botocore.exceptions import ClientError

        self.log.info("Starting crawler %s", self.crawler_name)
        try:
            self.hook.start_crawler(self.crawler_name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "CrawlerRunningException":
                raise refused_call(
                    error,
                    f"start the crawler {self.crawler_name}",
                    "Crawlers are defined in mwaa/cloudformation/lake.yaml.",
                ) from error
            self.log.info("Crawler %s is busy for another run; ours starts when it is done.", self.crawler_name)
            self._wait(then="execute")
        self._wait(then="execute_complete")
        return self.crawler_name

    def _wait(self, *, then: str) -> None:
        self.defer(
            trigger=GlueCrawlerCompleteTrigger(
                crawler_name=self.crawler_name,
                waiter_delay=self.poll_interval,
                waiter_max_attempts=polls(CRAWL_SECONDS, self.poll_interval),
                aws_conn_id=self.aws_conn_id,
                region_name=self.region_name,
            ),
            method_name=then,
        )

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        if event is None or event["status"] != "success":
            last_crawl = self.hook.get_crawler(self.crawler_name).get("LastCrawl", {})
            raise AirflowFailException(
                f"Crawler {self.crawler_name} ended {last_crawl.get('Status', 'without a status')}: "
                f"{last_crawl.get('ErrorMessage', 'no error message')} "
                f"Log: {last_crawl.get('LogGroup', '/aws-glue/crawlers')} {last_crawl.get('LogStream', '')}"
            )
        return self.crawler_name
