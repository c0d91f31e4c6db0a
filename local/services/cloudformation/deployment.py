"""Creating, updating and deleting a stack, step by step, with rollback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from local.services.cloudformation.analysis import deletion_order, dependencies
from local.services.cloudformation.failures import HANDLED, ResourceError, reason_of
from local.services.cloudformation.intrinsics import Scope
from local.services.cloudformation.plan import (
    changed_properties,
    resolved_outputs,
    resolved_properties,
    wanted_resources,
)
from local.services.cloudformation.resource_type import Order, ResourceType, Services
from local.services.cloudformation.state import ResourceRecord, Stack, StackStore
from local.services.cloudformation.template import ResourceDeclaration


class StepFailed(Exception):
    """A resource failed; its event is written already."""


class Deployment:
    """One operation on one stack."""

    def __init__(
        self, stack: Stack, scope: Scope, types: Mapping[str, ResourceType], services: Services, store: StackStore
    ) -> None:
        """Prepare the operation.

        :param stack: the stack; its records are changed as steps finish.
        :param scope: template and parameters to deploy, over the stack's records.
        :param types: handlers by type name.
        :param services: clients for the handlers.
        :param store: where every step is saved.
        """
        self._stack = stack
        self._scope = scope
        self._types = types
        self._services = services
        self._store = store
        self._undo: list[Callable[[], None]] = []
        self._obsolete: list[ResourceRecord] = []

    def create(self) -> None:
        """Make all resources; on failure remove those that were made."""
        try:
            for item in wanted_resources(self._scope).values():
                self._create(item)
            self._stack.outputs = resolved_outputs(self._scope)
        except (StepFailed, *HANDLED) as error:
            self._enter("ROLLBACK_IN_PROGRESS", reason_of(error))
            failed = self._remove_all(retained={"Retain"})
            self._enter("ROLLBACK_FAILED" if failed else "ROLLBACK_COMPLETE", failed)
            return
        self._enter("CREATE_COMPLETE")

    def update(self, body: str, parameters: dict[str, str], tags: dict[str, str]) -> None:
        """Make, change and remove what differs; on failure put everything back.

        :param body: the new template's text, kept when the update succeeds.
        :param parameters: the new parameters as given, kept when the update succeeds.
        :param tags: the new stack tags, kept when the update succeeds.
        """
        try:
            wanted = wanted_resources(self._scope)
            for item in wanted.values():
                self._bring_up_to_date(item)
            outputs = resolved_outputs(self._scope)
        except (StepFailed, *HANDLED) as error:
            self._roll_back_update(reason_of(error))
            return
        self._stack.outputs, self._stack.template_body = outputs, body
        self._stack.parameters, self._stack.tags = parameters, tags
        self._enter("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._remove_obsolete(wanted.keys())
        # A resource that cannot be removed does not fail the update, as on AWS; the next update tries it again.
        self._enter("UPDATE_COMPLETE")

    def delete(self, retained: set[str]) -> None:
        """Remove all resources.

        :param retained: deletion policies that keep a resource.
        """
        failed = self._remove_all(retained)
        self._enter("DELETE_FAILED" if failed else "DELETE_COMPLETE", failed)

    def _enter(self, status: str, reason: str = "") -> None:
        self._stack.enter(status, reason)
        self._store.save(self._stack)

    def _note(self, record: ResourceRecord, status: str, reason: str = "") -> None:
        record.status, record.reason = status, reason
        self._stack.note(record.logical_id, record.physical_id, record.type_name, status, reason)
        record.changed_at = self._stack.events[-1].timestamp
        self._store.save(self._stack)

    def _fail(self, record: ResourceRecord, status: str, error: Exception) -> StepFailed:
        self._note(record, status, reason_of(error))
        return StepFailed(f"The following resource(s) failed: [{record.logical_id}].")

    def _order(self, item: ResourceDeclaration, properties: Mapping[str, Any]) -> Order:
        return Order(self._services, self._stack.name, item.logical_id, properties)

    def _create(self, item: ResourceDeclaration) -> ResourceRecord:
        record = ResourceRecord(
            logical_id=item.logical_id,
            type_name=item.type_name,
            physical_id="",
            properties={},
            attributes={},
            depends_on=dependencies(item, self._scope.template),
            deletion_policy=item.deletion_policy,
            update_replace_policy=item.update_replace_policy,
        )
        self._note(record, "CREATE_IN_PROGRESS")
        try:
            properties = resolved_properties(item, self._scope, self._types)
            made = self._types[item.type_name].create(self._order(item, properties))
        except HANDLED as error:
            raise self._fail(record, "CREATE_FAILED", error) from error
        record.physical_id, record.attributes = made.physical_id, dict(made.attributes)
        record.properties = properties
        self._stack.resources[item.logical_id] = record
        self._note(record, "CREATE_COMPLETE")
        return record

    def _bring_up_to_date(self, item: ResourceDeclaration) -> None:
        record = self._stack.resources.get(item.logical_id)
        if record is None:
            made = self._create(item)
            self._undo.append(lambda: self._undo_creation(made))
            return
        try:
            properties = resolved_properties(item, self._scope, self._types)
        except HANDLED as error:
            raise self._fail(record, "UPDATE_FAILED", error) from error
        changed = changed_properties(record, properties, self._types[item.type_name])
        before = replace(record)
        record.deletion_policy, record.update_replace_policy = item.deletion_policy, item.update_replace_policy
        record.depends_on = dependencies(item, self._scope.template)
        if not changed:
            self._undo.append(lambda: self._restore(before))
        elif self._types[item.type_name].replaced_by & set(changed):
            self._replace(item, before, properties)
        else:
            self._undo.append(lambda: self._put_back(item, before))
            self._change(item, record, properties, "UPDATE")

    def _replace(self, item: ResourceDeclaration, before: ResourceRecord, properties: Mapping[str, Any]) -> None:
        name = self._types[item.type_name].name_property
        if name and name in properties and properties[name] == before.properties.get(name):
            error = ResourceError(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {properties[name]} and update the stack again."
            )
            raise self._fail(self._stack.resources[item.logical_id], "UPDATE_FAILED", error)
        made = self._create(item)

        def undo() -> None:
            self._undo_creation(made)
            self._restore(before)
            self._obsolete.remove(before)

        self._undo.append(undo)
        self._obsolete.append(before)

    def _change(
        self, item: ResourceDeclaration, record: ResourceRecord, properties: Mapping[str, Any], verb: str
    ) -> None:
        self._note(record, f"{verb}_IN_PROGRESS")
        try:
            made = self._types[item.type_name].update(self._order(item, properties), record)
        except HANDLED as error:
            raise self._fail(record, f"{verb}_FAILED", error) from error
        record.physical_id, record.attributes = made.physical_id, dict(made.attributes)
        record.properties = dict(properties)
        self._note(record, f"{verb}_COMPLETE")

    def _undo_creation(self, made: ResourceRecord) -> None:
        if made.deletion_policy == "Retain":
            self._note(made, "DELETE_SKIPPED")
            self._forget(made)
        else:
            self._remove(made)

    def _restore(self, before: ResourceRecord) -> None:
        self._stack.resources[before.logical_id] = before

    def _put_back(self, item: ResourceDeclaration, before: ResourceRecord) -> None:
        now = self._stack.resources[item.logical_id]
        # Handlers apply every property, so a half-applied update is put back whole.
        self._change(item, replace(now), before.properties, "UPDATE")
        before.attributes = now.attributes
        self._restore(before)

    def _roll_back_update(self, reason: str) -> None:
        self._enter("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        failed = []
        for undo in reversed(self._undo):
            try:
                undo()
            except StepFailed as error:
                failed.append(str(error))
        self._enter("UPDATE_ROLLBACK_FAILED" if failed else "UPDATE_ROLLBACK_COMPLETE", " ".join(failed))

    def _remove_obsolete(self, wanted: Any) -> None:
        gone = {name: record for name, record in self._stack.resources.items() if name not in wanted}
        for name in deletion_order({name: record.depends_on for name, record in gone.items()}):
            self._remove_unless_kept(gone[name], gone[name].deletion_policy, {"Retain", "RetainExceptOnCreate"})
        for record in reversed(self._obsolete):
            self._remove_unless_kept(record, record.update_replace_policy, {"Retain", "RetainExceptOnCreate"})

    def _remove_unless_kept(self, record: ResourceRecord, policy: str, kept: set[str]) -> bool:
        if policy in kept:
            self._note(record, "DELETE_SKIPPED")
            self._forget(record)
            return True
        try:
            self._remove(record)
        except StepFailed:
            return False
        return True

    def _remove(self, record: ResourceRecord) -> None:
        self._note(record, "DELETE_IN_PROGRESS")
        try:
            self._types[record.type_name].delete(self._services, record)
        except HANDLED as error:
            raise self._fail(record, "DELETE_FAILED", error) from error
        self._note(record, "DELETE_COMPLETE")
        self._forget(record)

    def _forget(self, record: ResourceRecord) -> None:
        if self._stack.resources.get(record.logical_id) is record:
            del self._stack.resources[record.logical_id]
            self._store.save(self._stack)

    def _remove_all(self, retained: set[str]) -> str:
        failed: set[str] = set()
        records = dict(self._stack.resources)
        for name in deletion_order({name: record.depends_on for name, record in records.items()}):
            needed_by = {other for other in failed if name in records[other].depends_on}
            if needed_by or not self._remove_unless_kept(records[name], records[name].deletion_policy, retained):
                failed.add(name)
        return f"The following resource(s) failed to delete: [{', '.join(sorted(failed))}]." if failed else ""
