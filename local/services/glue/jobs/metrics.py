"""What a job run reports to CloudWatch when it was asked to (``--enable-metrics``).

Source: AWS Glue guide, "Monitoring AWS Glue using Amazon CloudWatch metrics". Of its metrics this is the one that means
the same here: the run's elapsed time.
"""

from __future__ import annotations

from moto.cloudwatch.models import cloudwatch_backends

from local.services.glue.jobs.job_runs import JobRun, now
from local.services.iam.authorizer import NotAuthorized, Origin, authorize
from local.services.iam.principals import caller_named
from local.settings import LocalSettings

NAMESPACE = "Glue"
_METRIC = "glue.driver.aggregate.elapsedTime"
_OFF = ("false", "False")


def report_metrics(run: JobRun, settings: LocalSettings) -> None:
    """Write the run's metrics with its role's rights; a role that may not write them has none, as on AWS."""
    if run.arguments.get("--enable-metrics", "false") in _OFF:
        return
    glue = Origin(via="glue.amazonaws.com")
    try:
        authorize(caller_named(run.role), "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": [NAMESPACE]}, glue)
    except NotAuthorized:
        return
    milliseconds = (now() - run.started_on).total_seconds() * 1000
    dimensions = [
        {"Name": "JobName", "Value": run.job_name},
        {"Name": "JobRunId", "Value": run.id},
        {"Name": "Type", "Value": "count"},
    ]
    metric = {"MetricName": _METRIC, "Dimensions": dimensions, "Value": milliseconds, "Unit": "Milliseconds"}
    cloudwatch_backends[settings.account_id][settings.region].put_metric_data(NAMESPACE, [metric])
