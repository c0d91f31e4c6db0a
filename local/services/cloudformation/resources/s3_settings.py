"""Settings of a bucket: their shapes, and the calls that bring a bucket to what the template says.

Most live in the object store. In the control plane, where they can be read back, live those that the object store does
not have: public access block, access logging, notifications, and encryption with a KMS key. A bucket with a KMS key
encrypts with SSE-S3 underneath (docs/local-aws/core.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from local.services.cloudformation.resource_type import Services
from local.services.cloudformation.shapes import BOOLEAN, INTEGER, STRING, TAGS, ListOf, structure

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
    ServerSideEncryptionByDefault=structure("SSEAlgorithm", SSEAlgorithm=STRING, KMSMasterKeyID=STRING),
)
_QUEUE_RULE = structure(
    "Event Queue",
    Event=STRING,
    Queue=STRING,
    Filter=structure(
        "S3Key", S3Key=structure("Rules", Rules=ListOf(structure("Name Value", Name=STRING, Value=STRING)))
    ),
)

BUCKET_SHAPE = structure(
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
    LoggingConfiguration=structure(DestinationBucketName=STRING, LogFilePrefix=STRING),
    NotificationConfiguration=structure(QueueConfigurations=ListOf(_QUEUE_RULE)),
    Tags=TAGS,
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


def is_missing(error: ClientError) -> bool:
    """Whether S3 says that what a call is about is not there.

    :param error: what the call raised.
    """
    return error.response["Error"]["Code"] in _MISSING


def ignore_missing(call: Callable[..., Any], **arguments: Any) -> None:
    """Remove something; that it is gone already is no error.

    :param call: method of an S3 client.
    """
    try:
        call(**arguments)
    except ClientError as error:
        if not is_missing(error):
            raise


def apply_settings(services: Services, name: str, properties: Mapping[str, Any], is_new: bool = False) -> None:
    """Bring every setting to what the template says; a setting it does not mention goes back to S3's default.

    :param services: clients.
    :param name: the bucket.
    :param properties: resolved properties of the bucket.
    :param is_new: the bucket has S3's defaults only, so there is nothing to put back to them.
    """
    objects, control = services.client("s3"), services.bucket_control()
    # A bucket cannot go back to "never versioned"; without the property CloudFormation suspends versioning.
    versioning = properties.get("VersioningConfiguration")
    if versioning or objects.get_bucket_versioning(Bucket=name).get("Status"):
        objects.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning or {"Status": "Suspended"})
    encryption = _encryption(properties)
    _set_or_clear(control, name, "encryption", encryption)
    _set_or_clear(objects, name, "encryption", _encryption_of_objects(encryption))
    _set_or_clear(objects, name, "lifecycle", _lifecycle(properties))
    _set_or_clear(objects, name, "ownership_controls", properties.get("OwnershipControls"))
    _set_or_clear(objects, name, "tagging", {"TagSet": properties["Tags"]} if properties.get("Tags") else None)
    block = properties.get("PublicAccessBlockConfiguration")
    if block is None:
        ignore_missing(control.delete_public_access_block, Bucket=name)
    else:
        control.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    # These two have no delete method: nothing is what an empty setting says.
    logging, notifications = _logging(properties), _notifications(properties)
    if logging or not is_new:
        control.put_bucket_logging(Bucket=name, BucketLoggingStatus=logging)
    if notifications or not is_new:
        control.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=notifications)


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
        ignore_missing(getattr(objects, delete), Bucket=name)
    else:
        getattr(objects, put)(Bucket=name, **{argument: value})


def _encryption(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    if "BucketEncryption" not in properties:
        return None
    rules = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    renamed = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    return {"Rules": [{renamed.get(key, key): value for key, value in rule.items()} for rule in rules]}


def _encryption_of_objects(configuration: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The same for the object store, which has keys of its own only."""
    if configuration is None:
        return None
    by_default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    return {"Rules": [{**rule, **by_default} for rule in configuration["Rules"]]}


def _logging(properties: Mapping[str, Any]) -> dict[str, Any]:
    wanted = properties.get("LoggingConfiguration")
    if wanted is None:
        return {}
    target = {"TargetBucket": wanted["DestinationBucketName"], "TargetPrefix": wanted.get("LogFilePrefix", "")}
    return {"LoggingEnabled": target}


def _notifications(properties: Mapping[str, Any]) -> dict[str, Any]:
    rules = properties.get("NotificationConfiguration", {}).get("QueueConfigurations", [])
    if not rules:
        return {}
    return {"QueueConfigurations": [_queue_notification(rule) for rule in rules]}


def _queue_notification(rule: Mapping[str, Any]) -> dict[str, Any]:
    converted = {"QueueArn": rule["Queue"], "Events": [rule["Event"]]}
    if "Filter" in rule:
        converted["Filter"] = {"Key": {"FilterRules": rule["Filter"]["S3Key"]["Rules"]}}
    return converted


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
