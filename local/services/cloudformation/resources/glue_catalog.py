"""Glue databases and crawlers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.shapes import (
    BOOLEAN,
    INTEGER,
    STRING,
    STRING_MAP,
    STRINGS,
    ListOf,
    Structure,
    structure,
)
from local.services.cloudformation.state import ResourceRecord

_DEFAULT_PERMISSION = structure(
    Principal=structure(DataLakePrincipalIdentifier=STRING),
    Permissions=STRINGS,
)


class Database(ResourceType):
    """AWS::Glue::Database."""

    type_name = "AWS::Glue::Database"
    shape: ClassVar[Structure] = structure(
        "CatalogId DatabaseInput",
        CatalogId=STRING,
        DatabaseInput=structure(
            "Name",
            Name=STRING,
            Description=STRING,
            LocationUri=STRING,
            Parameters=STRING_MAP,
            CreateTableDefaultPermissions=ListOf(_DEFAULT_PERMISSION),
        ),
    )

    def create(self, order: Order) -> Made:
        wanted = order.properties["DatabaseInput"]
        order.services.client("glue").create_database(CatalogId=order.properties["CatalogId"], DatabaseInput=wanted)
        return Made(wanted["Name"])

    def update(self, order: Order, current: ResourceRecord) -> Made:
        wanted = order.properties["DatabaseInput"]
        if wanted["Name"] != current.physical_id:
            raise ResourceError(
                f"A Glue database cannot be renamed from {current.physical_id} to {wanted['Name']}: "
                "give the new database another logical id."
            )
        order.services.client("glue").update_database(
            CatalogId=order.properties["CatalogId"], Name=current.physical_id, DatabaseInput=wanted
        )
        return Made(current.physical_id)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        glue = services.client("glue")
        try:
            glue.delete_database(Name=current.physical_id)
        except glue.exceptions.EntityNotFoundException:
            return


class Crawler(ResourceType):
    """AWS::Glue::Crawler over S3 paths."""

    type_name = "AWS::Glue::Crawler"
    name_property = "Name"
    replaced_by = frozenset({"Name"})
    shape: ClassVar[Structure] = structure(
        "Role Targets",
        Name=STRING,
        Role=STRING,
        Description=STRING,
        DatabaseName=STRING,
        TablePrefix=STRING,
        Classifiers=STRINGS,
        Configuration=STRING,
        CrawlerSecurityConfiguration=STRING,
        Targets=structure(
            "S3Targets", S3Targets=ListOf(structure("Path", Path=STRING, Exclusions=STRINGS, SampleSize=INTEGER))
        ),
        SchemaChangePolicy=structure(UpdateBehavior=STRING, DeleteBehavior=STRING),
        RecrawlPolicy=structure(RecrawlBehavior=STRING),
        LakeFormationConfiguration=structure(UseLakeFormationCredentials=BOOLEAN, AccountId=STRING),
        Tags=STRING_MAP,
    )

    def create(self, order: Order) -> Made:
        name = order.name("Name")
        order.services.client("glue").create_crawler(**(dict(order.properties) | {"Name": name}))
        return Made(name)

    def update(self, order: Order, current: ResourceRecord) -> Made:
        name = current.physical_id
        glue = order.services.client("glue")
        settings = {key: value for key, value in order.properties.items() if key != "Tags"}
        # UpdateCrawler leaves what it is not told; this is its way to say "none".
        settings.setdefault("CrawlerSecurityConfiguration", "")
        glue.update_crawler(**(settings | {"Name": name}))
        retag(order, f"crawler/{name}", current.properties)
        return Made(name)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        glue = services.client("glue")
        try:
            glue.delete_crawler(Name=current.physical_id)
        except glue.exceptions.EntityNotFoundException:
            return


def retag(order: Order, resource: str, before: Mapping[str, Any]) -> None:
    """Change the tags of a Glue resource; the update calls of Glue take none.

    :param resource: last part of the resource's ARN.
    :param before: properties as applied.
    """
    old, new = before.get("Tags", {}), order.properties.get("Tags", {})
    if old == new:
        return
    services = order.services
    arn = f"arn:aws:glue:{services.region}:{services.account_id}:{resource}"
    glue = services.client("glue")
    if old.keys() - new.keys():
        glue.untag_resource(ResourceArn=arn, TagsToRemove=sorted(old.keys() - new.keys()))
    if new:
        glue.tag_resource(ResourceArn=arn, TagsToAdd=new)
