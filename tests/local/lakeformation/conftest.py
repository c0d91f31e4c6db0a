"""A control plane in this process, with the real Glue catalog, IAM and Lake Formation behind real HTTP and boto3."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import persistence, services
from local.clients import service_client
from local.dispatch import ControlPlane
from local.settings import LocalSettings, load_settings
from tests.local import rights

# The planner of dags/ is plain Python: its laws are tested here, against the back end it plans for.
sys.path.append(str(Path(__file__).resolve().parents[3] / "dags"))
# No test here runs a Glue job.
os.environ["SLUICE_GLUE_PREWARM"] = "0"

ROLES = ("lake-admin", "auditor", "steward", "engineer", "analyst", "outsider")
# What each may do with its rights is Lake Formation's decision, which these tests are about.
RIGHTS = (rights.allow("lakeformation:*", "iam:PassRole", "ram:*"), *rights.CHANGE_CATALOG)
COLUMNS = [("id", "bigint"), ("name", "string"), ("country", "string"), ("salary", "decimal(12,3)")]
PARTITIONS = [("day", "string")]
ALL_COLUMNS = ("id", "name", "country", "salary", "day")


@cache
def cached_client(service: str, settings: LocalSettings, role: str) -> Any:
    # Making a client costs more than most calls of these tests.
    return service_client(service, settings, role)


@dataclass(frozen=True)
class Lake:
    """The control plane with database ``db`` and table ``people``, and one administrator."""

    settings: LocalSettings
    backend: Any

    def client(self, service: str = "lakeformation", role: str = "lake-admin") -> Any:
        """Client of a role, or of ``local-admin``."""
        return cached_client(service, self.settings, role)

    @staticmethod
    def arn(role: str) -> str:
        return f"arn:aws:iam::123456789012:role/{role}"

    def principal(self, role: str) -> dict[str, str]:
        """``Principal`` of a role; other names are taken as they are."""
        return {"DataLakePrincipalIdentifier": self.arn(role) if role in ROLES else role}

    def grant(
        self, role: str, resource: dict[str, Any], *permissions: str, by: str = "lake-admin", **more: Any
    ) -> None:
        self.client(role=by).grant_permissions(
            Principal=self.principal(role), Resource=resource, Permissions=list(permissions), **more
        )

    def revoke(self, role: str, resource: dict[str, Any], *permissions: str) -> None:
        self.client().revoke_permissions(
            Principal=self.principal(role), Resource=resource, Permissions=list(permissions)
        )

    def rows(
        self, resource: dict[str, Any] | None = None, role: str = "lake-admin", **more: Any
    ) -> list[dict[str, Any]]:
        """Rows of ListPermissions without their times."""
        arguments = {"Resource": resource} if resource else {}
        answer = self.client(role=role).list_permissions(**arguments, **more)
        rows = answer["PrincipalResourcePermissions"]
        return [{k: v for k, v in row.items() if not k.startswith("LastUpdated")} for row in rows]

    def create_filter(self, name: str, expression: str | None, **columns: Any) -> dict[str, Any]:
        """Create a data cells filter on ``db.people``; its resource for grants."""
        rows = {"AllRowsWildcard": {}} if expression is None else {"FilterExpression": expression}
        data = {"TableCatalogId": "123456789012", "DatabaseName": "db", "TableName": "people", "Name": name}
        self.client().create_data_cells_filter(
            TableData={**data, "RowFilter": rows, **(columns or {"ColumnWildcard": {}})}
        )
        return {"DataCellsFilter": data}

    def create_table(self, name: str, by: str = "local-admin", **more: Any) -> None:
        storage = {"Columns": [{"Name": n, "Type": t} for n, t in COLUMNS], "Location": f"s3://lake/db/{name}/"}
        partitions = [{"Name": n, "Type": t} for n, t in PARTITIONS]
        table = {"Name": name, "StorageDescriptor": storage, "PartitionKeys": partitions, **more}
        self.client("glue", by).create_table(DatabaseName="db", TableInput=table)


DATABASE = {"Database": {"Name": "db"}}
TABLE = {"Table": {"DatabaseName": "db", "Name": "people"}}
ALL_TABLES = {"Table": {"DatabaseName": "db", "TableWildcard": {}}}


def columns(*names: str) -> dict[str, Any]:
    return {"TableWithColumns": {"DatabaseName": "db", "Name": "people", "ColumnNames": list(names)}}


def columns_except(*names: str) -> dict[str, Any]:
    wildcard = {"ExcludedColumnNames": list(names)}
    return {"TableWithColumns": {"DatabaseName": "db", "Name": "people", "ColumnWildcard": wildcard}}


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSettings]:
    from werkzeug.serving import make_server

    from local.request_handler import QuietRequestHandler

    settings = load_settings(tmp_path_factory.mktemp("state"))
    services.install_all(settings)
    application = ControlPlane(settings, persistence.activate(settings))
    server = make_server(
        "127.0.0.1", settings.control_plane_port, application, threaded=True, request_handler=QuietRequestHandler
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    iam = service_client("iam", settings)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    for role in ROLES:
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
        rights.give(iam, role, *RIGHTS)
    yield settings
    server.shutdown()
    services.close_all()


@pytest.fixture
def lake(control_plane: LocalSettings) -> Iterator[Lake]:
    from moto.lakeformation.models import lakeformation_backends

    from local.services.lakeformation.state import LakeFormationState

    backend = lakeformation_backends[control_plane.account_id][control_plane.region]
    backend.state = LakeFormationState()
    lake = Lake(control_plane, backend)
    operator = lake.client("lakeformation", "local-admin")
    operator.put_data_lake_settings(
        DataLakeSettings={
            "DataLakeAdmins": [lake.principal("lake-admin")],
            "ReadOnlyAdmins": [lake.principal("auditor")],
        }
    )
    glue = lake.client("glue", "local-admin")
    glue.create_database(DatabaseInput={"Name": "db", "LocationUri": "s3://lake/db/"})
    lake.create_table("people")
    yield lake
    for table in glue.get_tables(DatabaseName="db")["TableList"]:
        glue.delete_table(DatabaseName="db", Name=table["Name"])
    glue.delete_database(Name="db")


@pytest.fixture
def refused() -> Callable[..., dict[str, Any]]:
    """Make a call and return the error AWS's way: code, message, status."""

    def call(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> dict[str, Any]:
        with pytest.raises(ClientError) as refusal:
            function(*arguments, **keywords)
        error: dict[str, Any] = dict(refusal.value.response["Error"])
        error["Status"] = refusal.value.response["ResponseMetadata"]["HTTPStatusCode"]
        error["Retries"] = refusal.value.response["ResponseMetadata"]["RetryAttempts"]
        return error

    return call
