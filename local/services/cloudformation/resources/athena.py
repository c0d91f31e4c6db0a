"""Athena workgroups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.tags import removed_tag_keys
from local.services.cloudformation.shapes import BOOLEAN, INTEGER, STRING, TAGS, Structure, structure
from local.services.cloudformation.state import ResourceRecord

_RESULTS = structure(
    OutputLocation=STRING,
    ExpectedBucketOwner=STRING,
    EncryptionConfiguration=structure("EncryptionOption", EncryptionOption=STRING, KmsKey=STRING),
    AclConfiguration=structure("S3AclOption", S3AclOption=STRING),
)


class WorkGroup(ResourceType):
    """AWS::Athena::WorkGroup."""

    type_name = "AWS::Athena::WorkGroup"
    name_property = "Name"
    replaced_by = frozenset({"Name"})
    shape: ClassVar[Structure] = structure(
        "Name",
        Name=STRING,
        Description=STRING,
        State=STRING,
        RecursiveDeleteOption=BOOLEAN,
        WorkGroupConfiguration=structure(
            EnforceWorkGroupConfiguration=BOOLEAN,
            PublishCloudWatchMetricsEnabled=BOOLEAN,
            RequesterPaysEnabled=BOOLEAN,
            BytesScannedCutoffPerQuery=INTEGER,
            EngineVersion=structure(SelectedEngineVersion=STRING),
            ResultConfiguration=_RESULTS,
        ),
        Tags=TAGS,
    )

    def create(self, order: Order) -> Made:
        athena, properties = order.services.client("athena"), order.properties
        name = properties["Name"]
        athena.create_work_group(
            Name=name,
            Description=properties.get("Description", ""),
            # CloudFormation's default for a workgroup is to enforce its settings, as CreateWorkGroup's is.
            Configuration=dict(properties.get("WorkGroupConfiguration", {})),
            Tags=properties.get("Tags", []),
        )
        if "State" in properties:
            athena.update_work_group(WorkGroup=name, State=properties["State"])
        return Made(name)

    def update(self, order: Order, current: ResourceRecord) -> Made:
        athena, properties, name = order.services.client("athena"), order.properties, current.physical_id
        athena.update_work_group(
            WorkGroup=name,
            Description=properties.get("Description", ""),
            State=properties.get("State", "ENABLED"),
            ConfigurationUpdates=_updates(properties.get("WorkGroupConfiguration", {})),
        )
        arn = f"arn:aws:athena:{order.services.region}:{order.services.account_id}:workgroup/{name}"
        removed = removed_tag_keys(current.properties, properties)
        if removed:
            athena.untag_resource(ResourceARN=arn, TagKeys=removed)
        if properties.get("Tags"):
            athena.tag_resource(ResourceARN=arn, Tags=properties["Tags"])
        return Made(name)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        # Deleting a missing workgroup is InvalidRequestException on AWS: ask first.
        athena = services.client("athena")
        names = [item["Name"] for page in _pages(athena) for item in page["WorkGroups"]]
        if current.physical_id in names:
            recursive = current.properties.get("RecursiveDeleteOption", False)
            athena.delete_work_group(WorkGroup=current.physical_id, RecursiveDeleteOption=recursive)


def _pages(athena: Any) -> list[dict[str, Any]]:
    pages = [athena.list_work_groups()]
    while "NextToken" in pages[-1]:
        pages.append(athena.list_work_groups(NextToken=pages[-1]["NextToken"]))
    return pages


def _updates(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateWorkGroup's form of a configuration: it changes what is named and removes what is marked."""
    updates = {key: value for key, value in wanted.items() if key != "ResultConfiguration"}
    if "BytesScannedCutoffPerQuery" not in wanted:
        updates["RemoveBytesScannedCutoffPerQuery"] = True
    results = dict(wanted.get("ResultConfiguration", {}))
    for key in _RESULTS.fields:
        if key not in results:
            results[f"Remove{key}"] = True
    updates["ResultConfigurationUpdates"] = results
    return updates
