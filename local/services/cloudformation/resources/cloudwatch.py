"""CloudWatch alarms."""

from __future__ import annotations

from typing import Any, ClassVar

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.tags import removed_tag_keys
from local.services.cloudformation.shapes import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    STRINGS,
    TAGS,
    ListOf,
    Structure,
    structure,
)
from local.services.cloudformation.state import ResourceRecord


class Alarm(ResourceType):
    """AWS::CloudWatch::Alarm on one metric with a fixed threshold."""

    type_name = "AWS::CloudWatch::Alarm"
    name_property = "AlarmName"
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({"AlarmName"})
    shape: ClassVar[Structure] = structure(
        ActionsEnabled=BOOLEAN,
        AlarmActions=STRINGS,
        AlarmDescription=STRING,
        AlarmName=STRING,
        ComparisonOperator=STRING,
        DatapointsToAlarm=INTEGER,
        Dimensions=ListOf(structure("Name Value", Name=STRING, Value=STRING)),
        EvaluationPeriods=INTEGER,
        InsufficientDataActions=STRINGS,
        MetricName=STRING,
        Namespace=STRING,
        OKActions=STRINGS,
        Period=INTEGER,
        Statistic=STRING,
        Threshold=NUMBER,
        TreatMissingData=STRING,
        Unit=STRING,
        Tags=TAGS,
    )

    def create(self, order: Order) -> Made:
        cloudwatch, name = order.services.client("cloudwatch"), order.name("AlarmName", 255)
        if cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]:
            # PutMetricAlarm would overwrite it: an alarm of somebody else's must not be taken over unawares.
            raise ResourceError(f"{name} already exists")
        return self._put(order, name)

    def update(self, order: Order, current: ResourceRecord) -> Made:
        # PutMetricAlarm overwrites the whole definition; tags of an alarm that exists it ignores.
        cloudwatch, made = order.services.client("cloudwatch"), self._put(order, current.physical_id)
        removed = removed_tag_keys(current.properties, order.properties)
        if removed:
            cloudwatch.untag_resource(ResourceARN=made.attributes["Arn"], TagKeys=removed)
        if order.properties.get("Tags"):
            cloudwatch.tag_resource(ResourceARN=made.attributes["Arn"], Tags=order.properties["Tags"])
        return made

    def delete(self, services: Services, current: ResourceRecord) -> None:
        # DeleteAlarms of a missing alarm succeeds.
        services.client("cloudwatch").delete_alarms(AlarmNames=[current.physical_id])

    def _put(self, order: Order, name: str) -> Made:
        cloudwatch: Any = order.services.client("cloudwatch")
        # AWS's schema requires nothing, because alarms on metric math need other properties; the service does.
        for needed in ("ComparisonOperator", "EvaluationPeriods"):
            if needed not in order.properties:
                raise ResourceError(f"The parameter {needed} is required.")
        cloudwatch.put_metric_alarm(**(dict(order.properties) | {"AlarmName": name}))
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return Made(name, {"Arn": alarm["AlarmArn"]})
