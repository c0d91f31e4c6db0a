"""The resource types of the local CloudFormation, one module per service."""

from __future__ import annotations

from local.services.cloudformation.resource_type import ResourceType
from local.services.cloudformation.resources.athena import WorkGroup
from local.services.cloudformation.resources.glue_catalog import Crawler, Database
from local.services.cloudformation.resources.glue_job import Job
from local.services.cloudformation.resources.iam import Role
from local.services.cloudformation.resources.iam_policy import ManagedPolicy
from local.services.cloudformation.resources.lakeformation import (
    DataLakeSettings,
    PrincipalPermissions,
    RegisteredResource,
)
from local.services.cloudformation.resources.redshift_serverless import Namespace, Workgroup
from local.services.cloudformation.resources.s3 import Bucket, BucketPolicy
from local.services.cloudformation.resources.secretsmanager import Secret
from local.services.cloudformation.resources.sns import Subscription, Topic, TopicPolicy

_TYPES: tuple[ResourceType, ...] = (
    Bucket(),
    BucketPolicy(),
    Crawler(),
    DataLakeSettings(),
    Database(),
    Job(),
    ManagedPolicy(),
    Namespace(),
    PrincipalPermissions(),
    RegisteredResource(),
    Role(),
    Secret(),
    Subscription(),
    Topic(),
    TopicPolicy(),
    WorkGroup(),
    Workgroup(),
)

RESOURCE_TYPES: dict[str, ResourceType] = {kind.type_name: kind for kind in _TYPES}
