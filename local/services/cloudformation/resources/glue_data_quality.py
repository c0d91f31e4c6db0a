"""Glue data quality rule sets."""

from __future__ import annotations

from typing import ClassVar

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.glue_catalog import retag
from local.services.cloudformation.shapes import STRING, STRING_MAP, Structure, structure
from local.services.cloudformation.state import ResourceRecord


class DataQualityRuleset(ResourceType):
    """AWS::Glue::DataQualityRuleset."""

    type_name = "AWS::Glue::DataQualityRuleset"
    name_property = "Name"
    replaced_by = frozenset({"Name"})
    shape: ClassVar[Structure] = structure(
        "Name",
        Name=STRING,
        Description=STRING,
        Ruleset=STRING,
        TargetTable=structure(DatabaseName=STRING, TableName=STRING),
        Tags=STRING_MAP,
    )

    def create(self, order: Order) -> Made:
        order.services.client("glue").create_data_quality_ruleset(**order.properties)
        return Made(str(order.properties["Name"]))

    def update(self, order: Order, current: ResourceRecord) -> Made:
        name = current.physical_id
        if order.properties.get("TargetTable") != current.properties.get("TargetTable"):
            raise ResourceError(
                f"UpdateDataQualityRuleset cannot change the target table of {name}: give the rule set another name."
            )
        # What the template does not say any more is taken away; a rule set without rules is refused by Glue.
        changes = {"Description": "", **order.properties}
        wanted = {key: changes[key] for key in ("Description", "Ruleset") if key in changes}
        order.services.client("glue").update_data_quality_ruleset(Name=name, **wanted)
        retag(order, f"dataQualityRuleset/{name}", current.properties)
        return Made(name)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        glue = services.client("glue")
        try:
            glue.delete_data_quality_ruleset(Name=current.physical_id)
        except glue.exceptions.EntityNotFoundException:
            return
