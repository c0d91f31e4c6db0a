"""Operations whose permission has another name, or needs more than one.

Source: Service Authorization Reference of each service; for S3 "Required permissions for Amazon S3 API operations".
"""

from __future__ import annotations

# What a service answers to everybody it knows.
FREE = frozenset({("sts", "GetCallerIdentity")})

_PREFIXES = {"monitoring": "cloudwatch"}

_ACTIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("sns", "PublishBatch"): ("sns:Publish",),
    ("sqs", "ChangeMessageVisibilityBatch"): ("sqs:ChangeMessageVisibility",),
    ("sqs", "DeleteMessageBatch"): ("sqs:DeleteMessage",),
    ("sqs", "SendMessageBatch"): ("sqs:SendMessage",),
    ("redshift-data", "GetStatementResultV2"): ("redshift-data:GetStatementResult",),
    # The Data API logs in to the warehouse as its caller.
    **{
        ("redshift-data", operation): (f"redshift-data:{operation}", "redshift-serverless:GetCredentials")
        for operation in (
            "BatchExecuteStatement",
            "DescribeTable",
            "ExecuteStatement",
            "ListDatabases",
            "ListSchemas",
            "ListTables",
        )
    },
    # "Configure IAM permissions for AWS Glue Data Quality" in the Glue guide.
    ("glue", "BatchGetDataQualityResult"): ("glue:GetDataQualityResult",),
    ("glue", "BatchGetDataQualityRulesetEvaluationRun"): ("glue:GetDataQualityRulesetEvaluationRun",),
    # Bucket settings that the control plane keeps.
    ("s3", "HeadBucket"): ("s3:ListBucket",),
    ("s3", "ListBuckets"): ("s3:ListAllMyBuckets",),
    ("s3", "GetBucketNotificationConfiguration"): ("s3:GetBucketNotification",),
    ("s3", "PutBucketNotificationConfiguration"): ("s3:PutBucketNotification",),
    ("s3", "GetPublicAccessBlock"): ("s3:GetBucketPublicAccessBlock",),
    ("s3", "PutPublicAccessBlock"): ("s3:PutBucketPublicAccessBlock",),
    ("s3", "DeletePublicAccessBlock"): ("s3:PutBucketPublicAccessBlock",),
}


def actions(service: str, operation: str) -> tuple[str, ...]:
    """IAM actions of an operation.

    :param service: signing name.
    """
    renamed = _ACTIONS.get((service, operation))
    return renamed if renamed is not None else (f"{_PREFIXES.get(service, service)}:{operation}",)
