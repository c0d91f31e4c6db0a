"""Athena's API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError
from moto.athena.responses import AthenaResponse

from local.errors import AwsError
from local.identity import caller_of
from local.services.athena.access import Authorizer
from local.services.athena.catalog import Catalog, Table
from local.services.athena.engine import services
from local.services.athena.errors import PermissionDenied, QueryFailed
from local.services.athena.models import LocalAthenaBackend, runner, table_metadata
from local.services.athena.results import read_page
from local.services.athena.storage import Storage
from local.services.athena.workgroups import PRIMARY, check_configuration, invalid_request

_DATA_CATALOG = {"Name": "AwsDataCatalog", "CatalogName": "AwsDataCatalog", "Type": "GLUE", "Status": "CREATE_COMPLETE"}
_MAX_PAGE = 1000


class LocalAthenaResponse(AthenaResponse):
    @property
    def backend(self) -> LocalAthenaBackend:
        backend = self.athena_backend
        assert isinstance(backend, LocalAthenaBackend)
        return backend

    def _required(self, name: str) -> Any:
        value = self._get_param(name)
        if value is None or value == "":
            raise invalid_request(f"{name} is required")
        return value

    def _page(self, items: Sequence[Any], default: int = 50) -> tuple[list[Any], dict[str, str]]:
        """One page of a list by MaxResults and NextToken."""
        size = int(self._get_param("MaxResults") or default)
        token = self._get_param("NextToken") or "0"
        if not token.isdigit():
            raise invalid_request(f"NextToken is not valid: {token}")
        start = int(token)
        following = {"NextToken": str(start + size)} if start + size < len(items) else {}
        return list(items[start : start + size]), following

    # Executions

    def start_query_execution(self) -> str:
        names = (
            "QueryString", "ClientRequestToken", "QueryExecutionContext", "ResultConfiguration", "WorkGroup",
            "ExecutionParameters", "ResultReuseConfiguration",
        )  # fmt: skip
        request = {name: self._get_param(name) for name in names}
        return json.dumps({"QueryExecutionId": self.backend.start(request, caller_of(self.headers))})

    def get_query_execution(self) -> str:
        return json.dumps({"QueryExecution": self.backend.execution(self._required("QueryExecutionId")).describe()})

    def batch_get_query_execution(self) -> str:
        ids = self._required("QueryExecutionIds")
        known = self.backend.executions
        unknown = [
            {"QueryExecutionId": i, "ErrorCode": "INVALID_INPUT", "ErrorMessage": f"QueryExecution {i} was not found"}
            for i in ids
            if i not in known
        ]
        return json.dumps(
            {
                "QueryExecutions": [known[i].describe() for i in ids if i in known],
                "UnprocessedQueryExecutionIds": unknown,
            }
        )

    def list_query_executions(self) -> str:
        page, following = self._page(self.backend.execution_ids(self._get_param("WorkGroup") or PRIMARY))
        return json.dumps({"QueryExecutionIds": page, **following})

    def stop_query_execution(self) -> str:
        runner().stop(self.backend.execution(self._required("QueryExecutionId")))
        return "{}"

    def get_query_results(self) -> str:
        execution = self.backend.finished_execution(self._required("QueryExecutionId"))
        limit = int(self._get_param("MaxResults") or _MAX_PAGE)
        if not 1 <= limit <= _MAX_PAGE:
            raise invalid_request(f"MaxResults is more than maximum allowed length {_MAX_PAGE}")
        token = self._get_param("NextToken") or "0"
        if not token.isdigit():
            raise invalid_request(f"NextToken is not valid: {token}")
        answer: dict[str, Any] = {
            "UpdateCount": execution.update_count,
            "ResultSet": {"Rows": [], "ResultSetMetadata": {"ColumnInfo": execution.columns}},
        }
        if execution.columns:
            rows, following = self._result_rows(
                execution.output_location, int(token), limit, len(execution.columns), execution
            )
            answer["ResultSet"]["Rows"] = rows
            answer |= following
        return json.dumps(answer)

    def _result_rows(
        self, location: str, offset: int, limit: int, columns: int, execution: Any
    ) -> tuple[list[dict[str, Any]], dict[str, str]]:
        header: list[dict[str, Any]] = []
        if execution.has_header and offset == 0 and not location.endswith(".csv"):
            # A plan is stored without its header.
            header = [_row([column["Name"] for column in execution.columns])]
        try:
            rights = services().rights_of(caller_of(self.headers))
            page = read_page(Storage(rights), location, offset, limit - len(header), columns)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code in ("NoSuchKey", "NoSuchBucket", "404"):
                raise invalid_request(f"Could not find results at {location}: the result file was deleted") from error
            if code == "AccessDenied":
                raise invalid_request(f"Access denied when reading the results at {location}") from error
            if code not in ("InvalidRange", "416"):
                raise
            return header, {}
        following = {"NextToken": str(page.next_offset)} if page.next_offset is not None else {}
        return header + [_row(row) for row in page.rows], following

    def get_query_runtime_statistics(self) -> str:
        execution = self.backend.execution(self._required("QueryExecutionId"))
        described = execution.describe()["Statistics"]
        timeline = {name: value for name, value in described.items() if name.endswith("InMillis")}
        rows = {"InputBytes": execution.scanned, "OutputRows": execution.update_count}
        return json.dumps({"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}})

    # Workgroups

    def create_work_group(self) -> str:
        name, configuration = self._required("Name"), self._get_param("Configuration") or {}
        check_configuration(configuration)
        created = self.backend.create_work_group(
            name, configuration, self._get_param("Description") or "", self._get_param("Tags") or []
        )
        if created is None:
            raise invalid_request(f"WorkGroup {name} is already created")
        return "{}"

    def get_work_group(self) -> str:
        name = self._required("WorkGroup")
        self.backend.enabled_or_disabled_work_group(name)
        described = self.backend.get_work_group(name) or {}
        return json.dumps({"WorkGroup": {**described, "CreationTime": self.backend.work_group_creation.get(name, 0)}})

    def update_work_group(self) -> str:
        self.backend.update_work_group(
            self._required("WorkGroup"),
            self._get_param("Description"),
            self._get_param("State"),
            self._get_param("ConfigurationUpdates"),
        )
        return "{}"

    def delete_work_group(self) -> str:
        self.backend.delete_work_group(self._required("WorkGroup"), bool(self._get_param("RecursiveDeleteOption")))
        return "{}"

    # Data Catalog

    def list_data_catalogs(self) -> str:
        others = self.backend.list_data_catalogs()
        summary = {"CatalogName": _DATA_CATALOG["CatalogName"], "Type": "GLUE"}
        return json.dumps({"DataCatalogsSummary": [summary, *others]})

    def get_data_catalog(self) -> str:
        name = self._required("Name")
        found = self.backend.get_data_catalog(name)
        if name.lower() == "awsdatacatalog":
            found = {"Name": "AwsDataCatalog", "Type": "GLUE", "Parameters": {}}  # type: ignore[dict-item]
        if found is None:
            raise invalid_request(f"DataCatalog {name} was not found")
        return json.dumps({"DataCatalog": found})

    def _catalog(self) -> Catalog:
        name = self._required("CatalogName")
        if name.lower() != "awsdatacatalog":
            raise AwsError("MetadataException", f"Catalog {name} was not found", 400)
        caller = caller_of(self.headers)
        return services().catalog_for(caller, services().rights_of(caller))

    def _authorizer(self) -> Authorizer:
        return Authorizer(services().access, caller_of(self.headers).arn)

    def get_database(self) -> str:
        catalog, name = self._catalog(), self._required("DatabaseName")
        found = catalog.database(name)
        if found is None:
            raise _entity_not_found(f"Database {name} not found.")
        if not _sees(self._authorizer(), catalog, name.lower()):
            raise AwsError(
                "MetadataException", f"Insufficient Lake Formation permission(s): Required Describe on {name}", 400
            )
        return json.dumps({"Database": _database(found)})

    def list_databases(self) -> str:
        catalog, authorizer = self._catalog(), self._authorizer()
        names = [name for name in catalog.database_names() if _sees(authorizer, catalog, name)]
        page, following = self._page(names)
        databases = [_database(found) for name in page if (found := catalog.database(name)) is not None]
        return json.dumps({"DatabaseList": databases, **following})

    def get_table_metadata(self) -> str:
        catalog, database, name = self._catalog(), self._required("DatabaseName"), self._required("TableName")
        try:
            table = catalog.table(database, name)
        except QueryFailed as error:
            raise AwsError("MetadataException", error.reason, 400) from error
        if table is None:
            raise _entity_not_found(f"Table {name} not found.")
        metadata = _visible_metadata(self._authorizer(), table)
        if metadata is None:
            raise AwsError(
                "MetadataException", f"Insufficient Lake Formation permission(s): Required Describe on {name}", 400
            )
        return json.dumps({"TableMetadata": metadata})

    def list_table_metadata(self) -> str:
        catalog, authorizer = self._catalog(), self._authorizer()
        database = self._required("DatabaseName")
        pattern = (self._get_param("Expression") or "").lower()
        try:
            tables = catalog.tables(database)
        except QueryFailed as error:
            if error.code == "SCHEMA_NOT_FOUND":
                raise _entity_not_found(f"Database {database} not found.") from error
            raise AwsError("MetadataException", error.reason, 400) from error
        found = [_visible_metadata(authorizer, table) for table in tables if pattern in table.name]
        page, following = self._page([metadata for metadata in found if metadata is not None])
        return json.dumps({"TableMetadataList": page, **following})

    # Prepared statements and named queries

    def create_prepared_statement(self) -> str:
        workgroup, name = self._required("WorkGroup"), self._required("StatementName")
        if (workgroup, name.lower()) in self.backend.prepared:
            raise invalid_request(f"PreparedStatement {name} already exists in workgroup {workgroup}")
        self._put_prepared(workgroup, name)
        return "{}"

    def update_prepared_statement(self) -> str:
        workgroup, name = self._required("WorkGroup"), self._required("StatementName")
        self.backend.prepared_statement(workgroup, name)
        self._put_prepared(workgroup, name)
        return "{}"

    def _put_prepared(self, workgroup: str, name: str) -> None:
        description = self._get_param("Description") or ""
        self.backend.put_prepared(workgroup, name, self._required("QueryStatement"), description)

    def get_prepared_statement(self) -> str:
        found = self.backend.prepared_statement(self._required("WorkGroup"), self._required("StatementName"))
        return json.dumps({"PreparedStatement": found})

    def list_prepared_statements(self) -> str:
        workgroup = self._required("WorkGroup")
        self.backend.enabled_or_disabled_work_group(workgroup)
        found = [
            {name: value[name] for name in ("StatementName", "LastModifiedTime")}
            for (owner, _), value in sorted(self.backend.prepared.items())
            if owner == workgroup
        ]
        page, following = self._page(found)
        return json.dumps({"PreparedStatements": page, **following})

    def delete_prepared_statement(self) -> str:
        workgroup, name = self._required("WorkGroup"), self._required("StatementName")
        self.backend.prepared_statement(workgroup, name)
        del self.backend.prepared[(workgroup, name.lower())]
        return "{}"

    def get_named_query(self) -> str:
        query_id = self._required("NamedQueryId")
        if self.backend.get_named_query(query_id) is None:
            raise invalid_request(f"NamedQuery {query_id} was not found")
        return super().get_named_query()

    def delete_named_query(self) -> str:
        query_id = self._required("NamedQueryId")
        if self.backend.named_queries.pop(query_id, None) is None:
            raise invalid_request(f"NamedQuery {query_id} was not found")
        return "{}"


def _row(values: Sequence[str | None]) -> dict[str, Any]:
    return {"Data": [{} if value is None else {"VarCharValue": value} for value in values]}


def _database(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": found["Name"],
        "Description": found.get("Description") or "",
        "Parameters": found.get("Parameters") or {},
    }


def _sees(authorizer: Authorizer, catalog: Catalog, database: str) -> bool:
    return authorizer.may("DESCRIBE", database) or any(
        authorizer.may_describe(table) for table in catalog.tables_inside(database)
    )


def _visible_metadata(authorizer: Authorizer, table: Table) -> dict[str, Any] | None:
    try:
        columns = authorizer.describe(table).columns
    except PermissionDenied:
        return None
    return table_metadata(table, lambda name: name in columns)


def _entity_not_found(message: str) -> AwsError:
    return AwsError("MetadataException", f"EntityNotFoundException: {message}", 400)
