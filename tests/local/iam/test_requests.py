"""Every operation that is served leads to actions and resources that AWS has."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from moto.core.utils import camelcase_to_underscores

from local.services.athena.responses import LocalAthenaResponse
from local.services.cloudformation.responses import CloudFormationResponse
from local.services.glue.responses import LocalGlueResponse
from local.services.iam import reference
from local.services.iam.requests import Unmapped, needs
from local.services.lakeformation.operations import OPERATIONS as LAKE_FORMATION_OPERATIONS
from local.services.redshift.data_api.operations import DataApi
from local.services.redshift.serverless.operations import ServerlessApi
from local.services.sts.responses import SecurityTokenResponse

# Operations of moto's Glue that no one here uses: kept by moto, closed to roles.
_CLOSED = {
    "athena": {"CapacityReservation", "TagResource", "UntagResource", "ListTagsForResource"},
    "glue": {"Connection", "Registry", "Schema", "ResourcePolicy", "EncryptionSettings"},
}
_OURS = {
    "athena": LocalAthenaResponse,
    "cloudformation": CloudFormationResponse,
    "glue": LocalGlueResponse,
    "redshift-data": DataApi,
    "redshift-serverless": ServerlessApi,
    "sts": SecurityTokenResponse,
}


def served() -> list[tuple[str, str]]:
    found = [("lakeformation", name) for name in sorted(LAKE_FORMATION_OPERATIONS)]
    for service, owner in _OURS.items():
        names = ServiceModel(Loader().load_service_model(service, "service-2")).operation_names
        never_run = ("Trigger", "Workflow", "Session", "DevEndpoint", "MLTransform") if service == "glue" else ()
        found += [
            (service, name)
            for name in names
            if hasattr(owner, camelcase_to_underscores(name)) and not any(word in name for word in never_run)
        ]
    return found


@pytest.mark.parametrize(("service", "operation"), served(), ids=lambda value: str(value))
def test_every_operation_of_ours_is_mapped(service, operation):
    closed = any(word in operation for word in _CLOSED.get(service, ()))
    try:
        found = needs(service, operation, {})
    except Unmapped:
        assert closed, f"say in local/services/iam/requests what {service}:{operation} is about"
        return
    for need in found:
        assert reference.action_exists(need.action), need.action
        if not [name for name in reference.resource_types(need.action) if name != "rootcatalog"]:
            assert need.resource == "*", need


GLUE = "arn:aws:glue:us-east-1:123456789012:"
NEEDS = [
    ("glue", "GetTable", {"DatabaseName": "Curated", "Name": "Orders"}, "glue:GetTable",
     ["catalog", "database/curated", "table/curated/orders"]),
    ("glue", "GetTables", {"DatabaseName": "curated"}, "glue:GetTables",
     ["catalog", "database/curated", "table/curated/*"]),
    ("glue", "CreateTable", {"DatabaseName": "curated", "TableInput": {"Name": "o"}}, "glue:CreateTable",
     ["catalog", "database/curated", "table/curated/o"]),
    ("glue", "GetDatabases", {}, "glue:GetDatabases", ["catalog"]),
    ("glue", "DeleteDatabase", {"Name": "d"}, "glue:DeleteDatabase", ["catalog", "database/d", "table/d/*"]),
    ("glue", "BatchCreatePartition", {"DatabaseName": "d", "TableName": "t"}, "glue:BatchCreatePartition",
     ["catalog", "database/d", "table/d/t"]),
    ("glue", "StartJobRun", {"JobName": "j"}, "glue:StartJobRun", ["job/j"]),
    ("glue", "StartCrawler", {"Name": "c"}, "glue:StartCrawler", ["crawler/c"]),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation", "parameters", "action", "resources"), NEEDS)
def test_resources_of_glue(service, operation, parameters, action, resources):
    assert [(need.action, need.resource) for need in needs(service, operation, parameters)] == [
        (action, GLUE + resource) for resource in resources
    ]


def test_a_role_that_is_handed_over_needs_pass_role():
    found = needs("glue", "CreateJob", {"Name": "j", "Role": "worker"})

    assert [(need.action, need.resource) for need in found] == [
        ("glue:CreateJob", f"{GLUE}job/j"),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/worker"),
    ]
    assert found[1].context == {"iam:passedtoservice": ["glue.amazonaws.com"]}


def test_batches_need_the_right_of_the_single_call():
    queue = {"QueueUrl": "http://127.0.0.1:1/123456789012/arrivals"}
    (need,) = needs("sqs", "DeleteMessageBatch", queue)
    assert (need.action, need.resource) == ("sqs:DeleteMessage", "arn:aws:sqs:us-east-1:123456789012:arrivals")


def test_a_service_that_nobody_mapped_is_closed():
    with pytest.raises(Unmapped, match="does not know the resources of kms:Decrypt"):
        needs("kms", "Decrypt", {"KeyId": "x"})
    with pytest.raises(Unmapped, match="no action"):
        needs("glue", "NoSuchOperation", {})
