"""Athena's state: workgroups and the like from moto, executions that really run from us."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from moto.athena.models import AthenaBackend, WorkGroup

from local.errors import AwsError
from local.identity import Caller
from local.services.athena.catalog import Table
from local.services.athena.errors import QueryFailed
from local.services.athena.executions import FINAL_STATES, SUCCEEDED, QueryExecution
from local.services.athena.names import s3_address
from local.services.athena.runner import QueryRunner
from local.services.athena.workgroups import (
    PRIMARY,
    check_configuration,
    invalid_request,
    output_folder,
    updated_configuration,
)
from local.services.iam.authorizer import is_allowed

# Athena keeps its history for 45 days; a laptop keeps the newest.
_MAX_HISTORY = 1000
_MAX_QUERY_BYTES = 262_144
_DATA_CATALOG = "AwsDataCatalog"

_runner: QueryRunner | None = None


def use_runner(runner: QueryRunner) -> None:
    """Threads and connections live outside the back end, which is stored on disk."""
    global _runner
    _runner = runner


def runner() -> QueryRunner:
    assert _runner is not None, "local.services.athena.install() has not run"
    return _runner


class LocalAthenaBackend(AthenaBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.executions: dict[str, QueryExecution] = {}  # type: ignore[assignment]
        self.request_tokens: dict[str, tuple[str, str]] = {}
        self.prepared: dict[tuple[str, str], dict[str, Any]] = {}
        self.work_group_creation: dict[str, float] = {PRIMARY: time.time()}

    @property
    def _url_module(self) -> ModuleType:
        from local.services.athena import urls

        return urls

    def after_restore(self) -> None:
        """Queries die with the process that ran them."""
        for execution in self.executions.values():
            if execution.state not in FINAL_STATES:
                execution.interrupted()

    # Executions

    def start(self, request: dict[str, Any], caller: Caller) -> str:
        """StartQueryExecution.

        :param request: the API's parameters.
        :returns: the execution's id; the earlier one for a repeated ClientRequestToken.
        :raises AwsError: InvalidRequestException.
        """
        token = request.get("ClientRequestToken")
        fingerprint = _fingerprint(request, caller)
        if token and token in self.request_tokens:
            known_fingerprint, known_id = self.request_tokens[token]
            if known_fingerprint != fingerprint:
                raise invalid_request(
                    "Idempotent parameters do not match: the ClientRequestToken was used for another query"
                )
            return known_id
        execution = self._new_execution(request, caller)
        self.executions[execution.id] = execution
        if token:
            self.request_tokens[token] = (fingerprint, execution.id)
        self._forget_oldest()
        runner().submit(execution, WorkgroupStatements(self, execution.workgroup))
        return execution.id

    def execution(self, execution_id: str) -> QueryExecution:
        """:raises AwsError: InvalidRequestException, no such execution."""
        found = self.executions.get(execution_id)
        if found is None:
            raise invalid_request(f"QueryExecution {execution_id} was not found")
        return found

    def finished_execution(self, execution_id: str) -> QueryExecution:
        """An execution with results.

        :raises AwsError: InvalidRequestException, not finished or failed.
        """
        found = self.execution(execution_id)
        if found.state not in FINAL_STATES:
            raise invalid_request(f"Query has not yet finished. Current state: {found.state}")
        if found.state != SUCCEEDED:
            raise invalid_request(f"Query did not finish successfully. Final query state: {found.state}")
        return found

    def execution_ids(self, workgroup: str) -> list[str]:
        """Newest first."""
        self.enabled_or_disabled_work_group(workgroup)
        return [e.id for e in reversed(list(self.executions.values())) if e.workgroup == workgroup]

    def _new_execution(self, request: dict[str, Any], caller: Caller) -> QueryExecution:
        query = request.get("QueryString") or ""
        if not query.strip():
            raise invalid_request("QueryString must not be empty")
        if len(query.encode()) > _MAX_QUERY_BYTES:
            raise invalid_request(f"QueryString is longer than {_MAX_QUERY_BYTES} bytes")
        workgroup = self.enabled_or_disabled_work_group(request.get("WorkGroup") or PRIMARY)
        if workgroup.state != "ENABLED":
            raise invalid_request(f"WorkGroup {workgroup.name} is disabled.")
        requested = request.get("ResultConfiguration") or {}
        folder, enforced = output_folder(workgroup, requested)
        context = request.get("QueryExecutionContext") or {}
        cutoff = workgroup.configuration.get("BytesScannedCutoffPerQuery")
        execution = QueryExecution(
            query=query,
            database=(context.get("Database") or "default").lower(),
            catalog=context.get("Catalog") or _DATA_CATALOG,
            workgroup=workgroup.name,
            output_base="",
            output_enforced=enforced,
            caller_arn=caller.arn,
            caller_name=caller.name,
            caller_via=caller.via,
            parameters=[str(value) for value in request.get("ExecutionParameters") or []],
            result_configuration={} if enforced else {k: v for k, v in requested.items() if k != "OutputLocation"},
            scan_limit=int(cutoff) if cutoff is not None else None,
        )
        execution.place(folder)
        _require_output_bucket(caller, folder)
        return execution

    def _forget_oldest(self) -> None:
        surplus = len(self.executions) - _MAX_HISTORY
        if surplus <= 0:
            return
        for execution_id in [e.id for e in list(self.executions.values())[:surplus] if e.state in FINAL_STATES]:
            del self.executions[execution_id]
        self.request_tokens = {t: known for t, known in self.request_tokens.items() if known[1] in self.executions}

    # Workgroups

    def create_work_group(
        self, name: str, configuration: dict[str, Any], description: str, tags: list[dict[str, str]]
    ) -> WorkGroup | None:
        check_configuration(configuration)
        created = super().create_work_group(name, configuration, description, tags or [])
        if created is not None and hasattr(self, "work_group_creation"):
            self.work_group_creation[name] = time.time()
        return created

    def enabled_or_disabled_work_group(self, name: str) -> WorkGroup:
        """:raises AwsError: InvalidRequestException, no such workgroup."""
        found = self.work_groups.get(name)
        if found is None:
            raise invalid_request(f"WorkGroup {name} is not found.")
        return found

    def update_work_group(
        self, name: str, description: str | None, state: str | None, updates: dict[str, Any] | None
    ) -> None:
        """UpdateWorkGroup."""
        workgroup = self.enabled_or_disabled_work_group(name)
        if state not in (None, "ENABLED", "DISABLED"):
            raise invalid_request(f"State has to be ENABLED or DISABLED, not {state}")
        if updates:
            workgroup.configuration = updated_configuration(workgroup.configuration, updates)
        if state is not None:
            workgroup.state = state
        if description is not None:
            workgroup.description = description

    def delete_work_group(self, name: str, recursive: bool = False) -> None:
        self.enabled_or_disabled_work_group(name)
        if name == PRIMARY:
            raise invalid_request("The primary workgroup cannot be deleted")
        used = any(e.workgroup == name for e in self.executions.values()) or any(w == name for w, _ in self.prepared)
        if used and not recursive:
            raise invalid_request(
                f"WorkGroup {name} is not empty. Use RecursiveDeleteOption to delete it with its contents."
            )
        self.executions = {i: e for i, e in self.executions.items() if e.workgroup != name}
        self.prepared = {key: value for key, value in self.prepared.items() if key[0] != name}
        super().delete_work_group(name)

    # Prepared statements

    def put_prepared(self, workgroup: str, name: str, statement: str, description: str = "") -> None:
        self.enabled_or_disabled_work_group(workgroup)
        self.prepared[(workgroup, name.lower())] = {
            "StatementName": name,
            "QueryStatement": statement,
            "WorkGroupName": workgroup,
            "Description": description,
            "LastModifiedTime": time.time(),
        }

    def prepared_statement(self, workgroup: str, name: str) -> dict[str, Any]:
        """:raises AwsError: ResourceNotFoundException."""
        found = self.prepared.get((workgroup, name.lower()))
        if found is None:
            raise AwsError(
                "ResourceNotFoundException", f"PreparedStatement {name} was not found in workgroup {workgroup}"
            )
        return found


class WorkgroupStatements:
    """PREPARE, EXECUTE and DEALLOCATE of one workgroup."""

    def __init__(self, backend: LocalAthenaBackend, workgroup: str) -> None:
        self._backend = backend
        self._workgroup = workgroup

    def store(self, name: str, statement: str) -> None:
        self._backend.put_prepared(self._workgroup, name, statement)

    def remove(self, name: str) -> None:
        self.statement(name)
        del self._backend.prepared[(self._workgroup, name.lower())]

    def statement(self, name: str) -> str:
        found = self._backend.prepared.get((self._workgroup, name.lower()))
        if found is None:
            raise QueryFailed("NOT_FOUND", f"PreparedStatement {name} was not found in workgroup {self._workgroup}")
        return str(found["QueryStatement"])


def _require_output_bucket(caller: Caller, folder: str) -> None:
    """:raises AwsError: the caller may not even ask where the bucket of the results is."""
    bucket = s3_address(folder).bucket
    if not caller.via and not is_allowed(caller, "s3:GetBucketLocation", f"arn:aws:s3:::{bucket}"):
        raise invalid_request(f"Unable to verify/create output bucket {bucket}")


def _fingerprint(request: dict[str, Any], caller: Caller) -> str:
    relevant = {name: value for name, value in request.items() if name != "ClientRequestToken"}
    return hashlib.sha256(json.dumps([caller.arn, relevant], sort_keys=True, default=str).encode()).hexdigest()


def table_metadata(table: Table, visible: Callable[[str], bool]) -> dict[str, Any]:
    """``TableMetadata`` of the API.

    :param visible: whether the caller may know a column.
    """
    parameters = dict(table.parameters)
    # The way callers (OpenLineage, JDBC) learn where a table is.
    for name, value in (
        ("location", table.location),
        ("inputformat", table.input_format),
        ("serde.serialization.lib", table.serde),
    ):
        if value:
            parameters.setdefault(name, value)
    created = table.definition.get("CreateTime")
    return {
        "Name": table.name,
        "TableType": table.definition.get("TableType"),
        "CreateTime": created.timestamp() if created is not None else None,
        "Columns": _described([c for c in table.data_columns if visible(c.name)]),
        "PartitionKeys": _described([c for c in table.partition_keys if visible(c.name)]),
        "Parameters": parameters,
    }


def _described(columns: list[Any]) -> list[dict[str, str]]:
    return [{"Name": c.name, "Type": c.type} | ({"Comment": c.comment} if c.comment else {}) for c in columns]
