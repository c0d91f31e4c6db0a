"""S3 bucket policies.

The control plane keeps the policy as written. The object store gets, and enforces, the part that applies to the laptop.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.s3_settings import ignore_missing
from local.services.cloudformation.shapes import JSON, STRING, Structure, structure
from local.services.cloudformation.state import ResourceRecord


class BucketPolicy(ResourceType):
    """AWS::S3::BucketPolicy."""

    type_name = "AWS::S3::BucketPolicy"
    replaced_by = frozenset({"Bucket"})
    shape: ClassVar[Structure] = structure("Bucket PolicyDocument", Bucket=STRING, PolicyDocument=JSON)

    def create(self, order: Order) -> Made:
        bucket, document = order.properties["Bucket"], order.properties["PolicyDocument"]
        order.services.bucket_control().put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
        enforced = _enforced_here(document)
        objects = order.services.client("s3")
        if enforced["Statement"]:
            objects.put_bucket_policy(Bucket=bucket, Policy=json.dumps(enforced))
        else:
            ignore_missing(objects.delete_bucket_policy, Bucket=bucket)
        return Made(bucket)

    def update(self, order: Order, current: ResourceRecord) -> Made:
        return self.create(order)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        ignore_missing(services.client("s3").delete_bucket_policy, Bucket=current.physical_id)
        ignore_missing(services.bucket_control().delete_bucket_policy, Bucket=current.physical_id)


def _enforced_here(document: Mapping[str, Any]) -> dict[str, Any]:
    """The policy without the statements that refuse plain HTTP, and without those that let AWS's services in.

    No service of AWS calls the object store, and it knows no such principals.
    """
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    kept = [
        item
        for item in listed
        if "aws:SecureTransport" not in item.get("Condition", {}).get("Bool", {})
        and not (isinstance(item.get("Principal"), dict) and item["Principal"].keys() == {"Service"})
    ]
    return dict(document) | {"Statement": kept}
