"""Stacks on file: what a restart finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.services.cloudformation.plan import changed_properties
from local.services.cloudformation.resources import RESOURCE_TYPES
from local.services.cloudformation.state import ResourceRecord, Stack, StackStore

INTERRUPTED = {
    "CREATE_IN_PROGRESS": "CREATE_FAILED",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_FAILED",
    "UPDATE_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
}


def stored(folder: Path, status: str, resource_status: str = "CREATE_COMPLETE") -> Stack:
    """A stack as the next process finds it."""
    properties = {"TopicName": "alerts", "DisplayName": "lake"}
    record = ResourceRecord(
        "Alerts", "AWS::SNS::Topic", "arn:alerts", properties, {}, [], "Delete", "Delete", status=resource_status
    )
    stack = Stack("lake", "arn:aws:cloudformation:us-east-1:1:stack/lake/1", "{}", {}, {}, resources={"Alerts": record})
    stack.enter(status)
    StackStore(folder).save(stack)
    found = StackStore(folder).find("lake")
    assert found is not None
    return found


@pytest.mark.parametrize("status", INTERRUPTED)
def test_interrupted_stack_is_settled(tmp_path: Path, status: str) -> None:
    stack = stored(tmp_path, status)
    assert stack.status == INTERRUPTED[status]
    assert "stopped while the stack was being deployed" in stack.events[-1].reason


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_FAILED"])
def test_settled_stack_is_found_as_it_was(tmp_path: Path, status: str) -> None:
    stack = stored(tmp_path, status)
    assert stack.status == status
    assert stack == StackStore(tmp_path).find(stack.stack_id)


def test_interrupted_resource_is_applied_again_but_never_replaced(tmp_path: Path) -> None:
    stack = stored(tmp_path, "UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
    record = stack.resources["Alerts"]
    assert changed_properties(record, record.properties, RESOURCE_TYPES["AWS::SNS::Topic"]) == ("DisplayName",)


def test_deleted_stack_is_history(tmp_path: Path) -> None:
    store = StackStore(tmp_path)
    stack = Stack("lake", "arn:aws:cloudformation:us-east-1:1:stack/lake/1", "{}", {}, {})
    stack.enter("DELETE_COMPLETE")
    store.save(stack)
    assert store.find("lake") is None
    assert store.find(stack.stack_id) is stack
