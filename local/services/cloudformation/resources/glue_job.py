"""Glue jobs."""

from __future__ import annotations

from typing import ClassVar

from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.glue_catalog import retag
from local.services.cloudformation.shapes import INTEGER, STRING, STRING_MAP, Structure, structure
from local.services.cloudformation.state import ResourceRecord


class Job(ResourceType):
    """AWS::Glue::Job."""

    type_name = "AWS::Glue::Job"
    name_property = "Name"
    replaced_by = frozenset({"Name"})
    shape: ClassVar[Structure] = structure(
        "Role Command",
        Name=STRING,
        Role=STRING,
        Description=STRING,
        Command=structure(Name=STRING, ScriptLocation=STRING, PythonVersion=STRING),
        DefaultArguments=STRING_MAP,
        NonOverridableArguments=STRING_MAP,
        ExecutionClass=STRING,
        ExecutionProperty=structure(MaxConcurrentRuns=INTEGER),
        GlueVersion=STRING,
        MaxRetries=INTEGER,
        NumberOfWorkers=INTEGER,
        SecurityConfiguration=STRING,
        Timeout=INTEGER,
        WorkerType=STRING,
        Tags=STRING_MAP,
    )

    def create(self, order: Order) -> Made:
        name = order.name("Name")
        order.services.client("glue").create_job(**(dict(order.properties) | {"Name": name}))
        return Made(name)

    def update(self, order: Order, current: ResourceRecord) -> Made:
        # UpdateJob overwrites the whole definition; name and tags are not part of it.
        definition = {key: value for key, value in order.properties.items() if key not in {"Name", "Tags"}}
        order.services.client("glue").update_job(JobName=current.physical_id, JobUpdate=definition)
        retag(order, f"job/{current.physical_id}", current.properties)
        return Made(current.physical_id)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        # DeleteJob of a missing job succeeds on AWS.
        services.client("glue").delete_job(JobName=current.physical_id)
