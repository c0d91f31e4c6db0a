"""What is remembered of a stack, and its file in the state folder."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

STACK_TYPE = "AWS::CloudFormation::Stack"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass
class ResourceRecord:
    """One resource as it was last applied.

    :ivar physical_id: what `Ref` gives; empty until it is created.
    :ivar properties: the resolved properties that were applied.
    :ivar attributes: what `Fn::GetAtt` gives.
    :ivar depends_on: logical ids that must outlive this resource.
    """

    logical_id: str
    type_name: str
    physical_id: str
    properties: dict[str, Any]
    attributes: dict[str, str]
    depends_on: list[str]
    deletion_policy: str
    update_replace_policy: str
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    changed_at: str = field(default_factory=_now)


@dataclass
class StackEvent:
    """One line of DescribeStackEvents."""

    logical_id: str
    physical_id: str
    type_name: str
    status: str
    reason: str
    timestamp: str = field(default_factory=_now)
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Stack:
    """A stack with everything needed to continue after a restart."""

    name: str
    stack_id: str
    template_body: str
    parameters: dict[str, str]
    tags: dict[str, str]
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    created_at: str = field(default_factory=_now)
    updated_at: str = ""
    deleted_at: str = ""
    outputs: list[dict[str, str]] = field(default_factory=list)
    resources: dict[str, ResourceRecord] = field(default_factory=dict)
    events: list[StackEvent] = field(default_factory=list)

    @property
    def in_progress(self) -> bool:
        """Whether a deployment thread is at work on the stack."""
        return self.status.endswith("_IN_PROGRESS")

    @property
    def deleted(self) -> bool:
        """Whether the stack only exists as history."""
        return self.status == "DELETE_COMPLETE"

    def note(self, logical_id: str, physical_id: str, type_name: str, status: str, reason: str = "") -> None:
        """Add an event.

        :param logical_id: resource, or the stack's own name.
        :param physical_id: what `Ref` gives.
        :param type_name: resource type.
        :param status: status of the resource after the event.
        :param reason: why, for failures.
        """
        self.events.append(StackEvent(logical_id, physical_id, type_name, status, reason))

    def enter(self, status: str, reason: str = "") -> None:
        """Change the stack's own status and note the event.

        :param status: the new status.
        :param reason: why, for failures.
        """
        self.status, self.reason = status, reason
        self.note(self.name, self.stack_id, STACK_TYPE, status, reason)
        if status == "DELETE_COMPLETE":
            self.deleted_at = self.events[-1].timestamp
        elif status.startswith("UPDATE"):
            self.updated_at = self.events[-1].timestamp


def _stack_from(data: Mapping[str, Any]) -> Stack:
    fields = dict(data)
    fields["resources"] = {name: ResourceRecord(**record) for name, record in data["resources"].items()}
    fields["events"] = [StackEvent(**event) for event in data["events"]]
    return Stack(**fields)


def _settled_status(interrupted: str) -> str:
    """What becomes of a stack whose deployment was killed.

    Every finished step is on file, so after an update the records are true and the next update continues from them; an
    unfinished creation or deletion can only be deleted, as on AWS.
    """
    if interrupted == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":
        return "UPDATE_COMPLETE"
    if interrupted.startswith("UPDATE"):
        return "UPDATE_ROLLBACK_COMPLETE"
    return interrupted.replace("_IN_PROGRESS", "_FAILED")


class StackStore:
    """Stacks by id, one file each, written after every step so that a killed deployment can be cleaned up."""

    def __init__(self, folder: Path) -> None:
        """Load what an earlier run left.

        :param folder: folder of the stack files.
        """
        self._folder = folder
        self._lock = threading.RLock()
        self._stacks: dict[str, Stack] = {}
        for file in sorted(folder.glob("*.json")):
            stack = _stack_from(json.loads(file.read_text(encoding="utf-8")))
            self._stacks[stack.stack_id] = stack
            if stack.in_progress:
                self._mark_interrupted(stack)

    def _mark_interrupted(self, stack: Stack) -> None:
        for record in stack.resources.values():
            if record.status.endswith("_IN_PROGRESS"):
                record.status = "UPDATE_FAILED"
        settled = _settled_status(stack.status)
        stack.enter(settled, "the local AWS was stopped while the stack was being deployed")
        self.save(stack)

    def save(self, stack: Stack) -> None:
        """Write the stack's file.

        :param stack: the stack.
        """
        with self._lock:
            self._stacks[stack.stack_id] = stack
            file = self._folder / f"{stack.stack_id.rpartition('/')[2]}.json"
            unfinished = file.with_suffix(".new")
            unfinished.write_text(json.dumps(asdict(stack)), encoding="utf-8")
            unfinished.replace(file)

    def all(self) -> list[Stack]:
        """All stacks, deleted ones too, oldest first."""
        with self._lock:
            return sorted(self._stacks.values(), key=lambda stack: stack.created_at)

    def find(self, name_or_id: str) -> Stack | None:
        """A stack by name (living ones only) or by id (deleted ones too).

        :param name_or_id: what the request says.
        """
        with self._lock:
            if name_or_id in self._stacks:
                return self._stacks[name_or_id]
            return next(
                (stack for stack in self._stacks.values() if stack.name == name_or_id and not stack.deleted), None
            )
