"""Where the name of each resource type stands in a request.

Source of the ARN formats: Service Authorization Reference. A table of Glue needs its catalog and database too ("Data
Catalog resource ARNs" in the Glue guide); an ARN that the request itself names is taken as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.identity import ACCOUNT_ID
from local.services.iam.requests import lookups

Finder = Callable[[Mapping[str, Any]], list[str]]

REGION = "us-east-1"
# Types that no request here can be about: a catalog of many accounts, provisioned clusters, datasets of OpenTelemetry.
IGNORED = frozenset({"rootcatalog", "cluster", "dataset", "userdefinedfunction"})


def arn(service: str, resource: str) -> str:
    """ARN of a resource in this account and Region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}"


def values(parameters: Mapping[str, Any], *names: str) -> list[str]:
    """The first of these parameters that the request has, as a list. ``A.B`` looks into a structure."""
    for name in names:
        found: Any = parameters
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found not in (None, "", []):
            return [str(item) for item in found] if isinstance(found, list) else [str(found)]
    return []


def _named(service: str, template: str, *names: str) -> Finder:
    """ARNs of the resources that the first present parameter names."""

    def find(parameters: Mapping[str, Any]) -> list[str]:
        return [
            item if item.startswith("arn:") else arn(service, template.format(item))
            for item in values(parameters, *names)
        ]

    return find


def _database(parameters: Mapping[str, Any]) -> list[str]:
    names = values(parameters, "DatabaseName", "DatabaseInput.Name", "Name")
    return [arn("glue", f"database/{name.lower()}") for name in names]


def _table(parameters: Mapping[str, Any]) -> list[str]:
    databases = values(parameters, "DatabaseName")
    if not databases:
        # DeleteDatabase is about all tables of the database.
        return [arn("glue", f"table/{name.lower()}/*") for name in values(parameters, "Name")]
    tables = values(parameters, "TableName", "TableInput.Name", "Name", "TablesToDelete") or ["*"]
    return [arn("glue", f"table/{databases[0].lower()}/{table.lower()}") for table in tables]


def _topic(parameters: Mapping[str, Any]) -> list[str]:
    found = values(parameters, "TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn")
    if not found:
        return [arn("sns", name) for name in values(parameters, "Name")]
    # A subscription's ARN is its topic's and an id.
    return [":".join(item.split(":")[:6]) for item in found]


def _queue(parameters: Mapping[str, Any]) -> list[str]:
    names = [url.rsplit("/", 1)[-1] for url in values(parameters, "QueueUrl", "QueueName")]
    return [arn("sqs", name) for name in names]


def _log_stream(parameters: Mapping[str, Any]) -> list[str]:
    groups = values(parameters, "logGroupName", "logGroupIdentifier")
    streams = values(parameters, "logStreamName") or ["*"]
    return [
        f"{group.removesuffix(':*')}:log-stream:{streams[0]}"
        for group in (_named("logs", "log-group:{}", "name")({"name": name})[0] for name in groups)
    ]


def _bucket(parameters: Mapping[str, Any]) -> list[str]:
    return [f"arn:aws:s3:::{name}" for name in values(parameters, "Bucket")]


def _iam(kind: str, *names: str) -> Finder:
    def find(parameters: Mapping[str, Any]) -> list[str]:
        return [lookups.iam_arn(kind, name) for name in values(parameters, *names)]

    return find


# Whoever may enter an environment's Airflow enters it with a role of Airflow; IAM says with which ones.
AS_AIRFLOW_ROLE = frozenset({("airflow", "InvokeRestApi"), ("airflow", "CreateWebLoginToken")})
_AIRFLOW_ROLES = ("Admin", "Op", "User", "Viewer", "Public")


def airflow_roles(parameters: Mapping[str, Any]) -> list[str]:
    """ARNs of Airflow's roles in the environment of a request, the most powerful first."""
    environments = values(parameters, "Name") or ["*"]
    return [arn("airflow", f"role/{environments[0]}/{role}") for role in _AIRFLOW_ROLES]


_GIVEN = ("ResourceArn", "ResourceARN", "resourceArn")

TYPES: dict[str, dict[str, Finder]] = {
    "airflow": {
        "environment": _named("airflow", "environment/{}", "Name", "ResourceArn"),
        # On MWAA the Airflow role that a policy names decides what the API lets its caller do; the Airflow here has one
        # user who may do everything, so less than Op is refused altogether.
        "rbac-role": _named("airflow", "role/{}/Op", "Name"),
    },
    "athena": {
        "datacatalog": _named("athena", "datacatalog/{}", "CatalogName", "Name", *_GIVEN),
        "workgroup": _named("athena", "workgroup/{}", "WorkGroup", "WorkGroupName", "Name", *_GIVEN),
    },
    "cloudformation": {"stack": _named("cloudformation", "stack/{}/*", "StackName")},
    "cloudwatch": {"alarm": _named("cloudwatch", "alarm:{}", "AlarmName", "AlarmNames", *_GIVEN)},
    "events": {
        "event-bus": _named("events", "event-bus/{}", "EventBusName", "Name", *_GIVEN),
        "rule-on-default-event-bus": _named("events", "rule/{}", "Rule", "Name", *_GIVEN),
    },
    "glue": {
        "catalog": lambda _parameters: [arn("glue", "catalog")],
        "crawler": _named("glue", "crawler/{}", "CrawlerName", "CrawlerNames", "Name", *_GIVEN),
        "database": _database,
        "job": _named("glue", "job/{}", "JobName", "JobNames", "Name", *_GIVEN),
        "table": _table,
    },
    "iam": {
        "oidc-provider": _named("iam", "{}", "OpenIDConnectProviderArn"),
        "policy": _iam("policy", "PolicyArn", "PolicyName"),
        "role": _iam("role", "RoleName"),
        "user": _iam("user", "UserName"),
    },
    "logs": {
        "log-group": _named("logs", "log-group:{}", "logGroupName", "logGroupIdentifier", "resourceArn"),
        "log-stream": _log_stream,
    },
    "redshift-serverless": {
        "namespace": lambda p: [lookups.namespace_arn(name) for name in values(p, "namespaceName", "resourceArn")],
        "workgroup": lambda p: [lookups.workgroup_arn(name) for name in values(p, "workgroupName", "resourceArn")],
    },
    "s3": {"bucket": _bucket},
    "secretsmanager": {"Secret": lambda p: [lookups.secret_arn(name) for name in values(p, "SecretId", "Name")]},
    "sns": {"topic": _topic},
    "sqs": {"queue": _queue},
    "ssm": {
        "parameter": lambda p: [
            arn("ssm", f"parameter/{name.lstrip('/')}") for name in values(p, "Name", "Names", "Path")
        ]
    },
    "sts": {"role": _named("sts", "{}", "RoleArn")},
}
