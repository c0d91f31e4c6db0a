"""Which warehouse and which database user a request means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.errors import AwsError
from local.identity import LOCAL_ADMIN, Caller
from local.services.redshift.serverless.model import ServerlessModel
from local.services.redshift.warehouse import DatabaseUser, Warehouse
from local.settings import LocalSettings

_NO_ENDPOINT = "Redshift endpoint doesn't exist in this region."


class Targets:
    """Resolves a workgroup, and the caller's database user."""

    def __init__(self, settings: LocalSettings, serverless: ServerlessModel) -> None:
        self._settings = settings
        self._serverless = serverless

    def resolve(self, caller: Caller, request: Mapping[str, Any]) -> tuple[Warehouse, DatabaseUser]:
        """:raises AwsError: ValidationException, or ResourceNotFoundException for an unknown workgroup"""
        cluster, workgroup = request.get("ClusterIdentifier"), request.get("WorkgroupName")
        if bool(cluster) == bool(workgroup):
            which = "Only one of" if cluster else "Either"
            raise AwsError("ValidationException", f"{which} ClusterIdentifier or WorkgroupName needs to be specified.")
        if cluster:
            # clusters are made by the Redshift API, which the local AWS does not serve: there is none
            raise AwsError("ValidationException", _NO_ENDPOINT)
        if request.get("DbUser"):
            raise AwsError("ValidationException", "DbUser is not supported with WorkgroupName")
        warehouse = self._workgroup(str(workgroup))
        return warehouse, self._user(caller, request, warehouse)

    def _workgroup(self, name: str) -> Warehouse:
        # an ARN ends in the workgroup's id or in its name
        wanted = name.rsplit("/", 1)[-1]
        warehouse = self._serverless.warehouse_of(wanted)
        if warehouse is None:
            raise AwsError("ResourceNotFoundException", f"Serverless workgroup {name} not found.")
        return warehouse

    def _user(self, caller: Caller, request: Mapping[str, Any], warehouse: Warehouse) -> DatabaseUser:
        """The database user of temporary credentials is named after the IAM principal (mgmt/data-api-access)."""
        given = self._user_of_secret(request.get("SecretArn"))
        if given:
            is_admin = given == warehouse.admin_user
            return DatabaseUser(given, superuser=is_admin, must_exist=not is_admin)
        kind = "IAMR" if ":role/" in caller.arn else "IAM"
        roles = self._tagged_roles(caller) if kind == "IAMR" else ()
        superuser = caller.arn == warehouse.creator_arn or caller.name == LOCAL_ADMIN or "sys:superuser" in roles
        return DatabaseUser(f"{kind}:{caller.name}", superuser=superuser, roles=roles)

    def _tagged_roles(self, caller: Caller) -> tuple[str, ...]:
        """Roles of the tag RedshiftDbRoles; names with sys: keep their colon."""
        from moto.iam.models import iam_backends

        iam = iam_backends[self._settings.account_id]["aws"]
        role = next((role for role in list(iam.roles.values()) if role.name == caller.name), None)
        if role is None:
            return ()
        # moto keeps tags of TagRole by key and tags of CloudFormation as the list they came in.
        tags: Any = role.tags or {}
        pairs = tags.values() if isinstance(tags, dict) else tags
        value = next((str(pair["Value"]) for pair in pairs if pair["Key"] == "RedshiftDbRoles"), "")
        parts = value.replace("sys:", "sys\0").split(":")
        return tuple(part.replace("\0", ":").strip() for part in parts if part.strip())

    def _user_of_secret(self, arn: str | None) -> str | None:
        if not arn:
            return None
        from moto.secretsmanager.models import secretsmanager_backends

        secrets = secretsmanager_backends[self._settings.account_id][self._settings.region]
        try:
            value = secrets.get_secret_value(arn, "", "")["SecretString"]
            return str(json.loads(value)["username"])
        except Exception as error:
            raise AwsError("ValidationException", f"The secret {arn} cannot be read: {error}") from error
