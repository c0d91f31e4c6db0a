"""Readers of roles, keys, buckets, queues, topics, secrets and log groups."""

from __future__ import annotations

import json
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import LocalAws
from tests.mwaa.readback.comparison import Reader, Resource


def _role(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    iam, name = aws.client("iam"), resource.physical_id
    # What other stacks have added to the role is theirs to read.
    ours = {policy["PolicyName"] for policy in resource.properties.get("Policies", ())}
    names = ours & set(iam.list_role_policies(RoleName=name)["PolicyNames"])
    policies = [iam.get_role_policy(RoleName=name, PolicyName=policy) for policy in sorted(names)]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return {
        **iam.get_role(RoleName=name)["Role"],
        "Policies": [{"PolicyName": item["PolicyName"], "PolicyDocument": item["PolicyDocument"]} for item in policies],
        "ManagedPolicyArns": [item["PolicyArn"] for item in attached],
    }


def _managed_policy(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    iam, arn = aws.client("iam"), resource.physical_id
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    return {**policy, "ManagedPolicyName": policy["PolicyName"], "PolicyDocument": version["Document"]}


def _role_policy(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    policy, role = resource.physical_id.split("|")
    return dict(aws.client("iam").get_role_policy(RoleName=role, PolicyName=policy))


def _oidc_provider(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    found = aws.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=resource.physical_id)
    # IAM shows the URL without its scheme.
    return {**found, "Url": f"https://{found['Url']}", "ClientIdList": found["ClientIDList"]}


def _key(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    kms, key_id = aws.client("kms"), resource.physical_id
    policy = kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
    tags = kms.list_resource_tags(KeyId=key_id)["Tags"]
    return {
        **kms.describe_key(KeyId=key_id)["KeyMetadata"],
        "EnableKeyRotation": kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"],
        "KeyPolicy": json.loads(policy),
        "Tags": [{"Key": tag["TagKey"], "Value": tag["TagValue"]} for tag in tags],
    }


def _alias(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    aliases = [item for page in aws.client("kms").get_paginator("list_aliases").paginate() for item in page["Aliases"]]
    (found,) = [item for item in aliases if item["AliasName"] == resource.physical_id]
    return dict(found)


def _queue(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    sqs, url = aws.client("sqs"), resource.physical_id
    said: dict[str, Any] = dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])
    said = {name: int(value) if value.isdigit() else value for name, value in said.items()}
    if "RedrivePolicy" in said:
        said["RedrivePolicy"] = json.loads(said["RedrivePolicy"])
    tags = sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    said["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return said | {"QueueName": url.rpartition("/")[2]}


def _queue_policy(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    documents = []
    for url in resource.properties["Queues"]:
        found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
        documents.append(json.loads(found["Attributes"]["Policy"]))
    assert all(document == documents[0] for document in documents)
    return {"Queues": resource.properties["Queues"], "PolicyDocument": documents[0]}


def _topic(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    sns, arn = aws.client("sns"), resource.physical_id
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    tags = sns.list_tags_for_resource(ResourceArn=arn)["Tags"]
    return {**attributes, "TopicName": arn.rpartition(":")[2], "Tags": tags}


def _topic_policy(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    (arn,) = resource.properties["Topics"]
    attributes = aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    return {"Topics": [attributes["TopicArn"]], "PolicyDocument": json.loads(attributes["Policy"])}


def _subscription(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    return dict(aws.client("sns").get_subscription_attributes(SubscriptionArn=resource.physical_id)["Attributes"])


def _secret(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    client = aws.client("secretsmanager")
    found = dict(client.describe_secret(SecretId=resource.physical_id))
    value = client.get_secret_value(SecretId=resource.physical_id)["SecretString"]
    found["SecretString"] = value
    # No API says how a value was generated; the value itself does.
    found["GenerateSecretString"] = {"PasswordLength": len(value), "ExcludePunctuation": value.isalnum()}
    return found


def _log_group(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    logs, name = aws.client("logs"), resource.physical_id
    found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    (group,) = [item for item in found if item["logGroupName"] == name]
    tags = logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*")).get("tags", {})
    said = {name[0].upper() + name[1:]: value for name, value in group.items()}
    return said | {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


_control_planes: dict[str, Any] = {}


def control_plane_s3(aws: LocalAws) -> Any:
    """S3 as the control plane serves it: the bucket settings that the object store lacks."""
    endpoint = aws.settings.endpoint_url
    if endpoint not in _control_planes:
        _control_planes[endpoint] = _new_control_plane_s3(aws)
    return _control_planes[endpoint]


def _new_control_plane_s3(aws: LocalAws) -> Any:
    import boto3

    from local.identity import access_key_for, secret_key_for

    return boto3.client(
        "s3",
        endpoint_url=aws.settings.endpoint_url,
        region_name=aws.settings.region,
        aws_access_key_id=access_key_for("local-admin"),
        aws_secret_access_key=secret_key_for("local-admin"),
        config=Config(s3={"addressing_style": "path"}),
    )


def _bucket(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    objects, control, name = aws.client("s3"), control_plane_s3(aws), resource.physical_id
    encryption = control.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    block = control.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    said: dict[str, Any] = {
        "BucketName": name,
        "VersioningConfiguration": {"Status": objects.get_bucket_versioning(Bucket=name).get("Status")},
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [_encryption_rule(rule) for rule in encryption]},
        "PublicAccessBlockConfiguration": block,
        "OwnershipControls": objects.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"],
        "LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in _lifecycle(objects, name)]},
    }
    logging = control.get_bucket_logging(Bucket=name).get("LoggingEnabled")
    if logging:
        target = {"DestinationBucketName": logging["TargetBucket"], "LogFilePrefix": logging["TargetPrefix"]}
        said["LoggingConfiguration"] = target
    queues = control.get_bucket_notification_configuration(Bucket=name).get("QueueConfigurations")
    if queues:
        said["NotificationConfiguration"] = {"QueueConfigurations": [_queue_rule(rule) for rule in queues]}
    return said


def _encryption_rule(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "BucketKeyEnabled": rule.get("BucketKeyEnabled"),
        "ServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"],
    }


def _lifecycle(objects: Any, name: str) -> list[dict[str, Any]]:
    try:
        rules: list[dict[str, Any]] = objects.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
            raise
        return []
    return rules


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    expiration = {"ExpirationInDays": rule["Expiration"]["Days"]} if "Days" in rule.get("Expiration", {}) else {}
    return {**rule, "Id": rule["ID"], **expiration}


def _queue_rule(rule: dict[str, Any]) -> dict[str, Any]:
    (event,) = rule["Events"]
    rules = rule["Filter"]["Key"]["FilterRules"]
    return {"Event": event, "Queue": rule["QueueArn"], "Filter": {"S3Key": {"Rules": rules}}}


def _bucket_policy(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    policy = control_plane_s3(aws).get_bucket_policy(Bucket=resource.physical_id)["Policy"]
    return {"Bucket": resource.physical_id, "PolicyDocument": json.loads(policy)}


ACCOUNT_READERS: dict[str, Reader] = {
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::OIDCProvider": _oidc_provider,
    "AWS::IAM::Role": _role,
    "AWS::IAM::RolePolicy": _role_policy,
    "AWS::KMS::Alias": _alias,
    "AWS::KMS::Key": _key,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "AWS::SecretsManager::Secret": _secret,
}
