"""The operations of the Data API: request in, response out."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Mapping
from typing import Any

from local.errors import AwsError
from local.identity import Caller
from local.services.redshift.data_api import results
from local.services.redshift.data_api.catalog import CatalogOperations
from local.services.redshift.data_api.model import Execution, StatementRecord, new_id
from local.services.redshift.data_api.parameters import check_parameters
from local.services.redshift.data_api.runner import Runner
from local.services.redshift.data_api.sessions import KeptSession, SessionRegistry
from local.services.redshift.data_api.store import StatementStore
from local.services.redshift.databases import Databases
from local.services.redshift.targets import Targets
from local.settings import LocalSettings

Request = Mapping[str, Any]
Response = dict[str, Any]

MAX_SQL_BYTES = 100_000
MAX_BATCH = 40
MAX_ACTIVE = 500
_ID = re.compile(r"([a-z0-9]{8}(?:-[a-z0-9]{4}){3}-[a-z0-9]{12})(?::(\d{1,2}))?\Z")
_TARGET_NAMES = ("ClusterIdentifier", "WorkgroupName", "Database", "DbUser", "SecretArn")


class DataApi(CatalogOperations):
    """Redshift Data API (API version 2019-12-20)."""

    def __init__(self, settings: LocalSettings, databases: Databases, targets: Targets) -> None:
        super().__init__(settings, databases, targets)
        self._store = StatementStore(settings.folder("redshift") / "statements")
        self._sessions = SessionRegistry()
        self._runner = Runner(settings, databases, self._store, self._sessions)
        self._submitting = threading.Lock()

    @property
    def statements(self) -> StatementStore:
        return self._store

    @property
    def sessions(self) -> SessionRegistry:
        return self._sessions

    def execute_statement(self, caller: Caller, request: Request) -> Response:
        return self._submit(caller, request, [request["Sql"]], batch=False)

    def batch_execute_statement(self, caller: Caller, request: Request) -> Response:
        sqls = request["Sqls"]
        if not 1 <= len(sqls) <= MAX_BATCH:
            raise AwsError(
                "ValidationException",
                "1 validation error detected: Value at 'sqls' failed to satisfy constraint: Member must have length "
                f"less than or equal to {MAX_BATCH} and greater than or equal to 1",
            )
        return self._submit(caller, request, sqls, batch=True)

    def describe_statement(self, caller: Caller, request: Request) -> Response:
        record, sub = self._find(caller, request["Id"])
        self._wait(record, request)
        execution = sub or record
        response = {
            **_execution(execution),
            "QueryString": None if record.batch and sub is None else execution.sql,
            "RedshiftPid": record.process_id,
            "ResultFormat": record.result_format,
            "SessionId": record.session_id,
            **record.target,
        }
        if sub is None and record.batch:
            response["HasResultSet"] = any(item.has_result for item in record.subs)
            response["SubStatements"] = [{**_execution(item), "QueryString": item.sql} for item in record.subs]
            response["ExecutionMode"] = record.execution_mode
        if record.parameters:
            response["QueryParameters"] = record.parameters
        return response

    def get_statement_result(self, caller: Caller, request: Request) -> Response:
        execution, record = self._result_of(caller, request)
        if record.result_format != "JSON":
            raise AwsError("ValidationException", "The result format is CSV: use GetStatementResultV2")
        page, token = self._page(execution, request)
        return {
            "ColumnMetadata": execution.columns,
            "Records": page,
            "TotalNumRows": execution.rows,
            "NextToken": token,
        }

    def get_statement_result_v2(self, caller: Caller, request: Request) -> Response:
        execution, record = self._result_of(caller, request)
        if record.result_format != "CSV":
            raise AwsError("ValidationException", "The result format is JSON: use GetStatementResult")
        page, token = self._page(execution, request)
        header = [] if request.get("NextToken") else [column["name"] for column in execution.columns]
        return {
            "ColumnMetadata": execution.columns,
            "Records": [{"CSVRecords": results.as_csv(page, header)}],
            "ResultFormat": "csv",
            "TotalNumRows": execution.rows,
            "NextToken": token,
        }

    def cancel_statement(self, caller: Caller, request: Request) -> Response:
        record, sub = self._find(caller, request["Id"])
        if sub is not None:
            raise AwsError("ValidationException", "A sub-statement cannot be cancelled: cancel the batch")
        if not self._runner.cancel(record):
            raise AwsError(
                "ValidationException",
                f"Could not cancel a query that is already in {record.status} state with ID: {record.id}",
            )
        return {"Status": True}

    def list_statements(self, caller: Caller, request: Request) -> Response:
        self._store.remove_expired()
        wanted = request.get("Status") or "FINISHED"
        prefix = request.get("StatementName") or ""
        names = {
            name: request[name] for name in ("ClusterIdentifier", "WorkgroupName", "Database") if request.get(name)
        }
        found = [
            record
            for record in self._store.all()
            if record.caller_arn == caller.arn
            and (wanted == "ALL" or record.status == wanted)
            and (record.name or "").startswith(prefix)
            and all(record.target.get(name) == value for name, value in names.items())
        ]
        start = _decoded(request.get("NextToken"))
        size = request.get("MaxResults") or 100
        more = len(found) > start + size
        return {
            "Statements": [_summary(record) for record in found[start : start + size]],
            "NextToken": _encoded(start + size) if more else None,
        }

    def list_sessions(self, caller: Caller, request: Request) -> Response:
        kept = [session for session in self._sessions.all() if session.caller_arn == caller.arn]
        wanted = {key: request[key] for key in ("SessionId", "Status") if request.get(key)}
        described = [_described_session(session) for session in kept]
        return {"Sessions": [item for item in described if all(item.get(k) == v for k, v in wanted.items())]}

    # ---- submitting

    def _submit(self, caller: Caller, request: Request, sqls: list[str], *, batch: bool) -> Response:
        parameters = list(request.get("Parameters") or [])
        for sql in sqls:
            if len(sql.encode()) > MAX_SQL_BYTES:
                raise AwsError("ValidationException", "Cannot process query string larger than 100kB")
        check_parameters(sqls, {item["name"]: item["value"] for item in parameters})
        with self._submitting:
            record = self._repeated(caller, request)
            if record is None:
                record = self._start(caller, request, sqls, parameters, batch=batch)
        self._wait(record, request)
        return {
            "Id": record.id,
            "CreatedAt": record.created,
            "SessionId": record.session_id,
            "DbGroups": [],
            **record.target,
            **({"Status": record.status, "HasResultSet": record.has_result} if request.get("WaitTimeSeconds") else {}),
        }

    def _start(
        self, caller: Caller, request: Request, sqls: list[str], parameters: list[dict[str, str]], *, batch: bool
    ) -> StatementRecord:
        if sum(record.active for record in self._store.all()) >= MAX_ACTIVE:
            raise AwsError("ActiveStatementsExceededException", "Number of active statements exceeds the limit.")
        statement_id = new_id()
        kept = self._session_of(caller, request, statement_id)
        try:
            target = kept.target if kept is not None else _target(request)
            warehouse, user = self._targets.resolve(caller, target)
        except AwsError:
            if kept is not None:
                self._sessions.give_back(kept)
            raise
        record = StatementRecord(
            id=statement_id,
            sql="" if batch else sqls[0],
            batch=batch,
            subs=[Execution(f"{statement_id}:{n}", sql) for n, sql in enumerate(sqls, 1)] if batch else [],
            parameters=parameters,
            target={**target, "DbUser": user.name},
            name=request.get("StatementName"),
            token=request.get("ClientToken"),
            request_hash=_hash(request),
            caller_arn=caller.arn,
            execution_mode=request.get("ExecutionMode") or "TRANSACTION",
            result_format=request.get("ResultFormat") or "JSON",
        )
        if kept is None and request.get("SessionKeepAliveSeconds"):
            kept = self._sessions.open(caller.arn, int(request["SessionKeepAliveSeconds"]), target, statement_id)
        record.session_id = kept.id if kept is not None else None
        self._runner.submit(record, warehouse, user, kept)
        return record

    def _session_of(self, caller: Caller, request: Request, statement_id: str) -> KeptSession | None:
        session_id = request.get("SessionId")
        if not session_id:
            return None
        given = [name for name in _TARGET_NAMES if request.get(name)]
        if given:
            raise AwsError("ValidationException", f"SessionId must not be used together with {', '.join(given)}")
        return self._sessions.take(session_id, caller.arn, statement_id, request.get("SessionKeepAliveSeconds"))

    def _repeated(self, caller: Caller, request: Request) -> StatementRecord | None:
        """The statement that an equal ClientToken started before."""
        token = request.get("ClientToken")
        record = self._store.by_token(token, caller.arn) if token else None
        if record is not None and record.request_hash != _hash(request):
            raise AwsError("ValidationException", "The ClientToken was used before with different parameters")
        return record

    # ---- reading

    def _wait(self, record: StatementRecord, request: Request) -> None:
        if request.get("WaitTimeSeconds"):
            self._runner.wait(record, float(request["WaitTimeSeconds"]))

    def _find(self, caller: Caller, statement_id: str) -> tuple[StatementRecord, Execution | None]:
        parts = _ID.match(statement_id)
        if parts is None:
            raise AwsError("ValidationException", f"id must satisfy regex pattern: {_ID.pattern}")
        record = self._store.get(parts[1])
        # a statement is visible to the IAM principal that submitted it
        if record is None or record.caller_arn != caller.arn:
            raise AwsError("ResourceNotFoundException", "Query does not exist.")
        if not parts[2]:
            return record, None
        number = int(parts[2])
        if not 1 <= number <= len(record.subs):
            raise AwsError("ResourceNotFoundException", "Query does not exist.")
        return record, record.subs[number - 1]

    def _result_of(self, caller: Caller, request: Request) -> tuple[Execution, StatementRecord]:
        record, sub = self._find(caller, request["Id"])
        self._wait(record, request)
        execution = sub or record
        if not execution.has_result or execution.status != "FINISHED":
            raise AwsError(
                "ResourceNotFoundException",
                "Query does not have result. Please check query status with DescribeStatement.",
            )
        return execution, record

    def _page(self, execution: Execution, request: Request) -> tuple[list[list[dict[str, Any]]], str | None]:
        path = self._store.result_path(execution.id)
        page, end = results.read_page(path, _decoded(request.get("NextToken")))
        return page, _encoded(end) if end < path.stat().st_size else None


def _target(request: Request) -> dict[str, Any]:
    return {name: request[name] for name in _TARGET_NAMES if request.get(name)}


def _hash(request: Request) -> str:
    content = {key: value for key, value in request.items() if key not in ("ClientToken", "WaitTimeSeconds")}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _execution(execution: Execution) -> Response:
    return {
        "Id": execution.id,
        "Status": execution.status,
        "CreatedAt": execution.created,
        "UpdatedAt": execution.updated,
        "Duration": execution.duration,
        "Error": execution.error,
        "HasResultSet": execution.has_result,
        "ResultRows": execution.rows,
        "ResultSize": execution.size,
        "RedshiftQueryId": execution.query_id,
    }


def _summary(record: StatementRecord) -> Response:
    return {
        "Id": record.id,
        "Status": record.status,
        "CreatedAt": record.created,
        "UpdatedAt": record.updated,
        "IsBatchStatement": record.batch,
        "StatementName": record.name,
        "QueryString": None if record.batch else record.sql,
        "QueryStrings": record.sqls if record.batch else None,
        "QueryParameters": record.parameters or None,
        "ResultFormat": record.result_format,
        "SessionId": record.session_id,
        "SecretArn": record.target.get("SecretArn"),
    }


def _described_session(kept: KeptSession) -> Response:
    return {
        "SessionId": kept.id,
        "Status": kept.status,
        "CreatedAt": round(kept.created, 3),
        "UpdatedAt": round(kept.updated, 3),
        "SessionAliveSeconds": kept.keep_alive,
        "CurrentStatementId": kept.statement_id,
        **{name: value for name, value in kept.target.items() if name != "SecretArn"},
    }


def _encoded(position: int) -> str:
    return base64.b64encode(str(position).encode()).decode()


def _decoded(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except ValueError as error:
        raise AwsError("ValidationException", "NextToken is not valid") from error
