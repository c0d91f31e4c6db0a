"""Operations that hand a role to a service, which needs ``iam:PassRole`` on it.

Source: Service Authorization Reference, dependent actions; the service is the value of ``iam:PassedToService``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.identity import ACCOUNT_ID

# (service, operation) -> parameters that name a role, and the service that gets it
_ROLES: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("airflow", "CreateEnvironment"): (("ExecutionRoleArn",), "airflow.amazonaws.com"),
    ("airflow", "UpdateEnvironment"): (("ExecutionRoleArn",), "airflow.amazonaws.com"),
    ("cloudformation", "CreateStack"): (("RoleARN",), "cloudformation.amazonaws.com"),
    ("cloudformation", "DeleteStack"): (("RoleARN",), "cloudformation.amazonaws.com"),
    ("cloudformation", "UpdateStack"): (("RoleARN",), "cloudformation.amazonaws.com"),
    ("glue", "CreateCrawler"): (("Role",), "glue.amazonaws.com"),
    ("glue", "CreateJob"): (("Role",), "glue.amazonaws.com"),
    ("glue", "StartDataQualityRuleRecommendationRun"): (("Role",), "glue.amazonaws.com"),
    ("glue", "StartDataQualityRulesetEvaluationRun"): (("Role",), "glue.amazonaws.com"),
    ("glue", "UpdateCrawler"): (("Role",), "glue.amazonaws.com"),
    ("glue", "UpdateJob"): (("JobUpdate.Role",), "glue.amazonaws.com"),
    ("lakeformation", "RegisterResource"): (("RoleArn",), "lakeformation.amazonaws.com"),
    ("lakeformation", "UpdateResource"): (("RoleArn",), "lakeformation.amazonaws.com"),
    ("redshift-serverless", "CreateNamespace"): (
        ("iamRoles", "defaultIamRoleArn"),
        "redshift-serverless.amazonaws.com",
    ),
    ("redshift-serverless", "UpdateNamespace"): (
        ("iamRoles", "defaultIamRoleArn"),
        "redshift-serverless.amazonaws.com",
    ),
}


def passed_roles(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """ARN of each role that a request hands over, and the service that gets it."""
    names, target = _ROLES.get((service, operation), ((), ""))
    found: set[str] = set()
    for name in names:
        value: Any = parameters
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        for role in value if isinstance(value, list) else [value]:
            if role:
                found.add(role if role.startswith("arn:") else f"arn:aws:iam::{ACCOUNT_ID}:role/{role}")
    for role in sorted(found):
        yield role, target
