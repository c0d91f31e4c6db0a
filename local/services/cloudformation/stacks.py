"""The stacks of the account: checks of requests, and a thread per deployment."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from local.services.cloudformation.analysis import check_template
from local.services.cloudformation.deployment import Deployment
from local.services.cloudformation.failures import already_exists, template_error
from local.services.cloudformation.intrinsics import Scope
from local.services.cloudformation.parameters import resolve_parameters
from local.services.cloudformation.plan import Change, planned_changes, resolved_outputs
from local.services.cloudformation.resource_type import ResourceType, Services
from local.services.cloudformation.state import Stack, StackStore
from local.services.cloudformation.template import Template, parse_template

logger = logging.getLogger(__name__)

NO_UPDATES = "No updates are to be performed."
_UPDATABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
# A stack whose creation never finished holds nothing worth keeping.
_NEVER_CREATED = frozenset({"CREATE_FAILED", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE"})


class StackOperations:
    """CreateStack, UpdateStack and DeleteStack; each answers at once and works in its own thread, as on AWS."""

    def __init__(self, types: Mapping[str, ResourceType], services: Services, store: StackStore) -> None:
        """Prepare.

        :param types: handlers by type name.
        :param services: clients for the handlers.
        :param store: the stacks.
        """
        self._types = types
        self._services = services
        self._store = store
        # Two requests must not both find a stack idle.
        self._lock = threading.Lock()

    def check(self, body: str) -> Template:
        """Parse and check a template.

        :param body: template text.
        :raises ValidationError: it is wrong, or the local AWS would not apply all of it.
        """
        template = parse_template(body)
        check_template(template, self._types)
        return template

    def get(self, name_or_id: str) -> Stack:
        """A stack.

        :param name_or_id: name of a living stack, or id.
        :raises ValidationError: there is none.
        """
        stack = self._store.find(name_or_id)
        if stack is None:
            raise template_error(f"Stack with id {name_or_id} does not exist")
        return stack

    def all(self) -> list[Stack]:
        """All stacks, deleted ones too, oldest first."""
        return self._store.all()

    def create(self, name: str, body: str, parameters: dict[str, str], tags: dict[str, str]) -> str:
        """Start creating a stack.

        :param name: its name.
        :param body: template text.
        :param parameters: values as given.
        :param tags: tags of the stack.
        :returns: the stack id.
        :raises AlreadyExistsException: the name is taken.
        :raises ValidationError: wrong template or parameters.
        """
        with self._lock:
            if self._store.find(name):
                raise already_exists(name)
            template = self.check(body)
            region, account = self._services.region, self._services.account_id
            stack_id = f"arn:aws:cloudformation:{region}:{account}:stack/{name}/{uuid.uuid4()}"
            stack = Stack(name, stack_id, body, parameters, tags)
            scope = self._scope(stack, template, parameters)
            stack.enter("CREATE_IN_PROGRESS", "User Initiated")
            self._store.save(stack)
        self._start(stack, self._deployment(stack, scope).create, "CREATE_FAILED")
        return stack_id

    def update(self, name: str, body: str | None, parameters: dict[str, str], tags: dict[str, str] | None) -> str:
        """Start updating a stack.

        :param name: name or id.
        :param body: template text; None keeps the present one.
        :param parameters: values as given, previous ones filled in.
        :param tags: tags of the stack; None keeps the present ones.
        :returns: the stack id.
        :raises ValidationError: nothing would change, the stack is busy, or the template is wrong.
        """
        with self._lock:
            stack = self.get(name)
            if stack.status not in _UPDATABLE:
                raise template_error(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
            body = stack.template_body if body is None else body
            tags = stack.tags if tags is None else tags
            template = self.check(body)
            scope = self._scope(stack, template, parameters)
            if not self._differs(stack, scope) and tags == stack.tags:
                raise template_error(NO_UPDATES)
            stack.enter("UPDATE_IN_PROGRESS", "User Initiated")
            self._store.save(stack)
        deployment = self._deployment(stack, scope)
        self._start(stack, lambda: deployment.update(body, parameters, tags), "UPDATE_ROLLBACK_FAILED")
        return stack.stack_id

    def delete(self, name: str) -> None:
        """Start deleting a stack; an unknown name is no error, as on AWS.

        :param name: name or id.
        """
        with self._lock:
            stack = self._store.find(name)
            if stack is None or stack.deleted:
                return
            if stack.in_progress:
                raise template_error(f"Stack {stack.stack_id} cannot be deleted while in status {stack.status}")
            retained = {"Retain"} if stack.status in _NEVER_CREATED else {"Retain", "RetainExceptOnCreate"}
            scope = self._scope(stack, parse_template(stack.template_body), stack.parameters)
            stack.enter("DELETE_IN_PROGRESS", "User Initiated")
            self._store.save(stack)
        deployment = self._deployment(stack, scope)
        self._start(stack, lambda: deployment.delete(retained), "DELETE_FAILED")

    def plan(self, stack: Stack, body: str, parameters: dict[str, str]) -> list[Change]:
        """What an update would change.

        :param stack: the stack as it is.
        :param body: the new template text.
        :param parameters: the new parameters as given.
        """
        return planned_changes(stack, self._scope(stack, self.check(body), parameters), self._types)

    def _scope(self, stack: Stack, template: Template, parameters: Mapping[str, str]) -> Scope:
        pseudo: dict[str, Any] = {
            "AWS::AccountId": self._services.account_id,
            "AWS::Partition": "aws",
            "AWS::Region": self._services.region,
            "AWS::StackId": stack.stack_id,
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        values = resolve_parameters(template.parameters, parameters) | pseudo
        return Scope(template, values, stack.resources, self._services.availability_zones)

    def _differs(self, stack: Stack, scope: Scope) -> bool:
        return bool(planned_changes(stack, scope, self._types)) or resolved_outputs(scope) != stack.outputs

    def _deployment(self, stack: Stack, scope: Scope) -> Deployment:
        return Deployment(stack, scope, self._types, self._services, self._store)

    def _start(self, stack: Stack, work: Callable[[], None], failed_status: str) -> None:
        def run() -> None:
            try:
                work()
            except Exception as error:
                # A defect of a handler must not leave the stack in progress for ever.
                logger.exception("deployment of stack %s stopped", stack.name)
                stack.enter(failed_status, f"defect in the local AWS, see its log: {type(error).__name__}: {error}")
                self._store.save(stack)

        threading.Thread(target=run, name=f"cloudformation-{stack.name}", daemon=True).start()
