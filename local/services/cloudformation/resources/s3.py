"""S3 buckets and bucket policies.

Buckets and their settings live in the object store. Two things live in the control plane, where they can be read back:
the public access block, which the object store does not have, and the bucket policy as written. The object store
gets, and enforces, the policy without its TLS-only statements: they would lock everybody out of a plain HTTP endpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.shapes import (
    BOOLEAN,
    INTEGER,
    JSON,
    STRING,
    TAGS,
    ListOf,
    Structure,
    structure,
)
from local.services.cloudformation.state import ResourceRecord

_LIFECYCLE_RULE = structure(
    "Status",
    Id=STRING,
    Status=STRING,
    Prefix=STRING,
    ExpirationInDays=INTEGER,
    ExpiredObjectDeleteMarker=BOOLEAN,
    NoncurrentVersionExpiration=structure("NoncurrentDays", NoncurrentDays=INTEGER, NewerNoncurrentVersions=INTEGER),
    AbortIncompleteMultipartUpload=structure("DaysAfterInitiation", DaysAfterInitiation=INTEGER),
)
_ENCRYPTION_RULE = structure(
    BucketKeyEnabled=BOOLEAN,
    ServerSideEncryptionByDefault=structure("SSEAlgorithm", SSEAlgorithm=STRING),
)


# What reading or deleting something that a bucket does not have is answered with.
_MISSING = frozenset(
    {
        "404",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "OwnershipControlsNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)


def _missing(error: ClientError) -> bool:
    return error.response["Error"]["Code"] in _MISSING


def _ignore_missing(call: Callable[..., Any], **arguments: Any) -> None:
    try:
        call(**arguments)
    except ClientError as error:
        if not _missing(error):
            raise


class Bucket(ResourceType):
    """AWS::S3::Bucket."""

    type_name = "AWS::S3::Bucket"
    name_property = "BucketName"
    attributes = frozenset({"Arn", "DomainName", "RegionalDomainName"})
    replaced_by = frozenset({"BucketName"})
    shape: ClassVar[Structure] = structure(
        BucketName=STRING,
        VersioningConfiguration=structure("Status", Status=STRING),
        BucketEncryption=structure(
            "ServerSideEncryptionConfiguration", ServerSideEncryptionConfiguration=ListOf(_ENCRYPTION_RULE)
        ),
        PublicAccessBlockConfiguration=structure(
            BlockPublicAcls=BOOLEAN, BlockPublicPolicy=BOOLEAN, IgnorePublicAcls=BOOLEAN, RestrictPublicBuckets=BOOLEAN
        ),
        OwnershipControls=structure("Rules", Rules=ListOf(structure(ObjectOwnership=STRING))),
        LifecycleConfiguration=structure("Rules", Rules=ListOf(_LIFECYCLE_RULE)),
        Tags=TAGS,
    )

    def create(self, order: Order) -> Made:
        name = order.name("BucketName", longest=63)
        objects = order.services.client("s3")
        try:
            objects.head_bucket(Bucket=name)
        except ClientError as error:
            if not _missing(error):
                raise
        else:
            raise ResourceError(f"{name} already exists")
        objects.create_bucket(Bucket=name)
        order.services.bucket_control().create_bucket(Bucket=name)
        try:
            _apply(order.services, name, order.properties)
        except ClientError:
            _delete_bucket(order.services, name)
            raise
        return _made(order.services, name)

    def update(self, order: Order, current: ResourceRecord) -> Made:
        _apply(order.services, current.physical_id, order.properties)
        return _made(order.services, current.physical_id)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        _delete_bucket(services, current.physical_id)


def _made(services: Services, name: str) -> Made:
    attributes = {
        "Arn": f"arn:aws:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{services.region}.amazonaws.com",
    }
    return Made(name, attributes)


def _delete_bucket(services: Services, name: str) -> None:
    objects = services.client("s3")
    try:
        # The object store may be started with leave to delete full buckets; S3 never has it.
        if objects.list_object_versions(Bucket=name, MaxKeys=1).keys() & {"Versions", "DeleteMarkers"}:
            raise ResourceError(f"The bucket you tried to delete is not empty: {name}")
        objects.delete_bucket(Bucket=name)
    except ClientError as error:
        if not _missing(error):
            raise
    _ignore_missing(services.bucket_control().delete_bucket, Bucket=name)


def _apply(services: Services, name: str, properties: Mapping[str, Any]) -> None:
    """Bring every setting to what the template says; a setting it does not mention goes back to S3's default."""
    objects, control = services.client("s3"), services.bucket_control()
    # A bucket cannot go back to "never versioned"; without the property CloudFormation suspends versioning.
    versioning = properties.get("VersioningConfiguration")
    if versioning or objects.get_bucket_versioning(Bucket=name).get("Status"):
        objects.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning or {"Status": "Suspended"})
    _set_or_clear(objects, name, "encryption", _encryption(properties))
    _set_or_clear(objects, name, "lifecycle", _lifecycle(properties))
    _set_or_clear(objects, name, "ownership_controls", properties.get("OwnershipControls"))
    _set_or_clear(objects, name, "tagging", {"TagSet": properties["Tags"]} if properties.get("Tags") else None)
    block = properties.get("PublicAccessBlockConfiguration")
    if block is None:
        _ignore_missing(control.delete_public_access_block, Bucket=name)
    else:
        control.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)


# Setting -> (put method, its argument, delete method).
_SETTINGS = {
    "encryption": ("put_bucket_encryption", "ServerSideEncryptionConfiguration", "delete_bucket_encryption"),
    "lifecycle": ("put_bucket_lifecycle_configuration", "LifecycleConfiguration", "delete_bucket_lifecycle"),
    "ownership_controls": ("put_bucket_ownership_controls", "OwnershipControls", "delete_bucket_ownership_controls"),
    "tagging": ("put_bucket_tagging", "Tagging", "delete_bucket_tagging"),
}


def _set_or_clear(objects: Any, name: str, setting: str, value: Any) -> None:
    put, argument, delete = _SETTINGS[setting]
    if value is None:
        _ignore_missing(getattr(objects, delete), Bucket=name)
    else:
        getattr(objects, put)(Bucket=name, **{argument: value})


def _encryption(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    if "BucketEncryption" not in properties:
        return None
    rules = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    renamed = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    return {"Rules": [{renamed.get(key, key): value for key, value in rule.items()} for rule in rules]}


def _lifecycle(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    if "LifecycleConfiguration" not in properties:
        return None
    return {"Rules": [_lifecycle_rule(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]}


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    expiration = {
        name: rule[key]
        for key, name in (("ExpirationInDays", "Days"), ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"))
        if key in rule
    }
    same = ("Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    converted: dict[str, Any] = {key: rule[key] for key in same if key in rule}
    converted["Filter"] = {"Prefix": rule.get("Prefix", "")}
    if "Id" in rule:
        converted["ID"] = rule["Id"]
    if expiration:
        converted["Expiration"] = expiration
    return converted


class BucketPolicy(ResourceType):
    """AWS::S3::BucketPolicy."""

    type_name = "AWS::S3::BucketPolicy"
    replaced_by = frozenset({"Bucket"})
    shape: ClassVar[Structure] = structure("Bucket PolicyDocument", Bucket=STRING, PolicyDocument=JSON)

    def create(self, order: Order) -> Made:
        bucket, document = order.properties["Bucket"], order.properties["PolicyDocument"]
        order.services.bucket_control().put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
        enforced = _without_tls_only(document)
        objects = order.services.client("s3")
        if enforced["Statement"]:
            objects.put_bucket_policy(Bucket=bucket, Policy=json.dumps(enforced))
        else:
            _ignore_missing(objects.delete_bucket_policy, Bucket=bucket)
        return Made(bucket)

    def update(self, order: Order, current: ResourceRecord) -> Made:
        return self.create(order)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        _ignore_missing(services.client("s3").delete_bucket_policy, Bucket=current.physical_id)
        _ignore_missing(services.bucket_control().delete_bucket_policy, Bucket=current.physical_id)


def _without_tls_only(document: Mapping[str, Any]) -> dict[str, Any]:
    """The policy without the statements that refuse plain HTTP."""
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    kept = [item for item in listed if "aws:SecureTransport" not in item.get("Condition", {}).get("Bool", {})]
    return dict(document) | {"Statement": kept}
