"""CloudFormation's API: requests to operations, stacks to answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from local.identity import caller_of
from local.services.cloudformation.failures import InsufficientCapabilities, template_error
from local.services.cloudformation.stacks import StackOperations
from local.services.cloudformation.state import ResourceRecord, Stack
from local.services.cloudformation.template import Template, parse_template
from local.services.cloudformation.template_source import TemplateSource


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _capabilities(template: Template) -> str:
    """The capability a request must acknowledge; every IAM resource of ours has a name of its own."""
    makes_iam = any(item.type_name.startswith("AWS::IAM::") for item in template.resources.values())
    return "CAPABILITY_NAMED_IAM" if makes_iam else ""


def _summary(stack: Stack) -> dict[str, Any]:
    summary = {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "StackStatus": stack.status,
        "CreationTime": _time(stack.created_at),
        "LastUpdatedTime": _time(stack.updated_at),
        "DeletionTime": _time(stack.deleted_at),
        "StackStatusReason": stack.reason,
    }
    return {key: value for key, value in summary.items() if value}


def _description(stack: Stack) -> dict[str, Any]:
    template = parse_template(stack.template_body)
    values = {name: str(spec.get("Default", "")) for name, spec in template.parameters.items()} | stack.parameters
    hidden = {name for name, spec in template.parameters.items() if spec.get("NoEcho")}
    return _summary(stack) | {
        "Description": template.description,
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": "****" if name in hidden else value}
            for name, value in values.items()
        ],
        "Outputs": stack.outputs,
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        "Capabilities": [_capabilities(template)] if _capabilities(template) else [],
        "DisableRollback": False,
        "EnableTerminationProtection": False,
    }


def _resource(stack: Stack, record: ResourceRecord, time_name: str) -> dict[str, Any]:
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "LogicalResourceId": record.logical_id,
        "PhysicalResourceId": record.physical_id,
        "ResourceType": record.type_name,
        "ResourceStatus": record.status,
        "ResourceStatusReason": record.reason,
        time_name: _time(record.changed_at),
    }


class CloudFormationResponse(BaseResponse):
    """The operations on stacks. Change sets and stack sets are not served: they are unknown actions here."""

    operations: ClassVar[StackOperations]
    source: ClassVar[TemplateSource]

    def __init__(self) -> None:
        """Tell moto which API this is."""
        super().__init__(service_name="cloudformation")
        self.automated_parameter_parsing = True

    def create_stack(self) -> ActionResult:
        """CreateStack."""
        self._refuse("OnFailure", "DisableRollback", "StackPolicyBody", "RoleARN", "NotificationARNs")
        body = self._body()
        self._check_capabilities(body)
        stack_id = self.operations.create(self._get_param("StackName"), body, self._parameters({}), self._tags() or {})
        return ActionResult({"StackId": stack_id})

    def update_stack(self) -> ActionResult:
        """UpdateStack."""
        self._refuse("DisableRollback", "StackPolicyBody", "RoleARN", "NotificationARNs")
        name = self._get_param("StackName")
        previous = self.operations.get(name)
        body = None if self._get_bool_param("UsePreviousTemplate", False) else self._body()
        self._check_capabilities(body or previous.template_body)
        parameters = self._parameters(previous.parameters)
        return ActionResult({"StackId": self.operations.update(name, body, parameters, self._tags())})

    def delete_stack(self) -> EmptyResult:
        """DeleteStack."""
        self._refuse("RetainResources", "RoleARN")
        self.operations.delete(self._get_param("StackName"))
        return EmptyResult()

    def describe_stacks(self) -> ActionResult:
        """DescribeStacks."""
        name = self._get_param("StackName")
        stacks = [self.operations.get(name)] if name else [item for item in self.operations.all() if not item.deleted]
        return ActionResult({"Stacks": [_description(stack) for stack in stacks]})

    def list_stacks(self) -> ActionResult:
        """ListStacks."""
        wanted = set(self._get_param("StackStatusFilter", []))
        stacks = [stack for stack in self.operations.all() if not wanted or stack.status in wanted]
        return ActionResult({"StackSummaries": [_summary(stack) for stack in stacks]})

    def describe_stack_events(self) -> ActionResult:
        """DescribeStackEvents, newest first."""
        stack = self.operations.get(self._get_param("StackName"))
        events = [
            {
                "StackId": stack.stack_id,
                "StackName": stack.name,
                "EventId": event.event_id,
                "LogicalResourceId": event.logical_id,
                "PhysicalResourceId": event.physical_id,
                "ResourceType": event.type_name,
                "ResourceStatus": event.status,
                "ResourceStatusReason": event.reason,
                "Timestamp": _time(event.timestamp),
            }
            for event in reversed(stack.events)
        ]
        return ActionResult({"StackEvents": events})

    def describe_stack_resources(self) -> ActionResult:
        """DescribeStackResources."""
        stack = self.operations.get(self._get_param("StackName"))
        logical_id = self._get_param("LogicalResourceId")
        records = [item for item in stack.resources.values() if logical_id in {None, item.logical_id}]
        return ActionResult({"StackResources": [_resource(stack, item, "Timestamp") for item in records]})

    def describe_stack_resource(self) -> ActionResult:
        """DescribeStackResource."""
        stack, logical_id = self.operations.get(self._get_param("StackName")), self._get_param("LogicalResourceId")
        if logical_id not in stack.resources:
            raise template_error(f"Resource {logical_id} does not exist for stack {stack.name}")
        detail = _resource(stack, stack.resources[logical_id], "LastUpdatedTimestamp")
        return ActionResult({"StackResourceDetail": detail})

    def list_stack_resources(self) -> ActionResult:
        """ListStackResources."""
        stack = self.operations.get(self._get_param("StackName"))
        records = stack.resources.values()
        summaries = [_resource(stack, record, "LastUpdatedTimestamp") for record in records]
        return ActionResult({"StackResourceSummaries": summaries})

    def list_exports(self) -> ActionResult:
        """ListExports."""
        exports = [
            {"ExportingStackId": stack.stack_id, "Name": output["ExportName"], "Value": output["OutputValue"]}
            for stack in self.operations.all()
            if not stack.deleted
            for output in stack.outputs
            if "ExportName" in output
        ]
        return ActionResult({"Exports": exports})

    def get_template(self) -> ActionResult:
        """GetTemplate."""
        stack = self.operations.get(self._get_param("StackName"))
        return ActionResult({"TemplateBody": stack.template_body, "StagesAvailable": ["Original", "Processed"]})

    def validate_template(self) -> ActionResult:
        """ValidateTemplate, with the checks of CreateStack."""
        template = self.operations.check(self._body())
        parameters = [
            {
                "ParameterKey": name,
                "DefaultValue": str(spec.get("Default", "")),
                "NoEcho": bool(spec.get("NoEcho")),
                "Description": spec.get("Description", ""),
            }
            for name, spec in template.parameters.items()
        ]
        needed = _capabilities(template)
        capabilities = [needed] if needed else []
        answer = {"Parameters": parameters, "Description": template.description, "Capabilities": capabilities}
        return ActionResult(answer)

    def _body(self) -> str:
        caller = caller_of(self.headers).name
        return self.source.text(self._get_param("TemplateBody"), self._get_param("TemplateURL"), caller)

    def _check_capabilities(self, body: str) -> None:
        needed = _capabilities(self.operations.check(body))
        if needed and needed not in self._get_param("Capabilities", []):
            raise InsufficientCapabilities(f"Requires capabilities : [{needed}]")

    def _refuse(self, *names: str) -> None:
        given = [name for name in names if self._get_param(name) not in (None, [], False, "ROLLBACK")]
        if given:
            raise template_error(f"The local AWS does not support {given[0]}: leave it out")

    def _parameters(self, previous: Mapping[str, str]) -> dict[str, str]:
        values = {}
        for item in self._get_param("Parameters", []):
            key = item["ParameterKey"]
            if not item.get("UsePreviousValue"):
                values[key] = item.get("ParameterValue", "")
            elif key in previous:
                values[key] = previous[key]
        return values

    def _tags(self) -> dict[str, str] | None:
        tags = self._get_param("Tags")
        return None if tags is None else {tag["Key"]: tag["Value"] for tag in tags}
