"""S3 buckets."""

from __future__ import annotations

from typing import ClassVar

from botocore.exceptions import ClientError

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.s3_settings import (
    BUCKET_SHAPE,
    apply_settings,
    ignore_missing,
    is_missing,
)
from local.services.cloudformation.shapes import Structure
from local.services.cloudformation.state import ResourceRecord


class Bucket(ResourceType):
    """AWS::S3::Bucket."""

    type_name = "AWS::S3::Bucket"
    name_property = "BucketName"
    attributes = frozenset({"Arn", "DomainName", "RegionalDomainName"})
    replaced_by = frozenset({"BucketName"})
    shape: ClassVar[Structure] = BUCKET_SHAPE

    def create(self, order: Order) -> Made:
        name = order.name("BucketName", longest=63)
        objects = order.services.client("s3")
        try:
            objects.head_bucket(Bucket=name)
        except ClientError as error:
            if not is_missing(error):
                raise
        else:
            raise ResourceError(f"{name} already exists")
        objects.create_bucket(Bucket=name)
        order.services.bucket_control().create_bucket(Bucket=name)
        try:
            apply_settings(order.services, name, order.properties, is_new=True)
        except ClientError:
            _delete_bucket(order.services, name)
            raise
        return _made(order.services, name)

    def update(self, order: Order, current: ResourceRecord) -> Made:
        apply_settings(order.services, current.physical_id, order.properties)
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
        if not is_missing(error):
            raise
    ignore_missing(services.bucket_control().delete_bucket, Bucket=name)
