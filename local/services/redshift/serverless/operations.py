"""The operations of the Redshift Serverless API that a data lake needs: namespaces, workgroups, usage limits, tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local.errors import AwsError
from local.identity import Caller
from local.services.redshift.serverless.model import ServerlessModel, new_id, timestamp
from local.services.redshift.serverless.usage_limits import UsageLimitOperations
from local.settings import LocalSettings

Request = Mapping[str, Any]
Response = dict[str, Any]

_NAME = re.compile(r"[a-z0-9-]{3,64}\Z")
_DATABASE = re.compile(r"[a-zA-Z][a-zA-Z_0-9+.@-]{0,53}\Z")
_NAMESPACE_FIELDS = ("adminUsername", "defaultIamRoleArn", "kmsKeyId", "adminPasswordSecretKmsKeyId")
_WORKGROUP_FIELDS = (
    "baseCapacity", "maxCapacity", "enhancedVpcRouting", "publiclyAccessible", "port", "configParameters",
    "securityGroupIds", "subnetIds", "ipAddressType", "pricePerformanceTarget", "trackName",
    "extraComputeForAutomaticOptimization",
)  # fmt: skip
_DEFAULT_BASE_CAPACITY = 128  # RPUs
_PORT = 5439


class ServerlessApi(UsageLimitOperations):
    """Redshift Serverless (API version 2021-04-21). Everything is AVAILABLE at once."""

    def __init__(self, settings: LocalSettings, model: ServerlessModel) -> None:
        self._settings = settings
        self._model = model

    # ---- namespaces

    def create_namespace(self, caller: Caller, request: Request) -> Response:
        name = _checked_name(request["namespaceName"], "namespaceName")
        database = request.get("dbName") or "dev"
        if not _DATABASE.match(database):
            raise AwsError("ValidationException", f"The database name {database!r} is not valid")
        _check_default_role(request.get("defaultIamRoleArn"), request.get("iamRoles") or [])
        with self._model.lock:
            if name in self._model.namespaces:
                raise AwsError("ConflictException", f"Namespace {name} already exists")
            identifier = new_id()
            namespace: dict[str, Any] = {
                "namespaceName": name,
                "namespaceId": identifier,
                "namespaceArn": self._arn("namespace", identifier),
                "dbName": database,
                "adminUsername": "admin",
                "iamRoles": list(request.get("iamRoles") or []),
                "logExports": list(request.get("logExports") or []),
                "kmsKeyId": "AWS_OWNED_KMS_KEY",
                "status": "AVAILABLE",
                "creationDate": timestamp(),
            }
            namespace |= {key: request[key] for key in _NAMESPACE_FIELDS if request.get(key)}
            self._model.creators[name] = caller.arn
            self._model.ensure_database(self._model.warehouse(namespace))
            self._model.namespaces[name] = namespace
            self._set_tags(namespace["namespaceArn"], request.get("tags"))
            self._model.save()
        return {"namespace": namespace}

    def get_namespace(self, caller: Caller, request: Request) -> Response:
        return {"namespace": self._namespace(request["namespaceName"])}

    def list_namespaces(self, caller: Caller, request: Request) -> Response:
        return {"namespaces": list(self._model.namespaces.values())}

    def update_namespace(self, caller: Caller, request: Request) -> Response:
        with self._model.lock:
            namespace = self._namespace(request["namespaceName"])
            roles = request.get("iamRoles", namespace["iamRoles"])
            _check_default_role(request.get("defaultIamRoleArn"), roles)
            namespace["iamRoles"] = list(roles)
            if "logExports" in request:
                namespace["logExports"] = list(request["logExports"])
            namespace |= {key: request[key] for key in _NAMESPACE_FIELDS if request.get(key)}
            self._model.save()
        return {"namespace": namespace}

    def delete_namespace(self, caller: Caller, request: Request) -> Response:
        with self._model.lock:
            namespace = self._namespace(request["namespaceName"])
            name = namespace["namespaceName"]
            if any(item["namespaceName"] == name for item in self._model.workgroups.values()):
                raise AwsError("ConflictException", f"Namespace {name} has a workgroup: delete the workgroup first")
            self._model.drop_databases(self._model.warehouse(namespace))
            del self._model.namespaces[name]
            self._model.creators.pop(name, None)
            self._model.tags.pop(namespace["namespaceArn"], None)
            self._model.save()
        return {"namespace": {**namespace, "status": "DELETING"}}

    # ---- workgroups

    def create_workgroup(self, caller: Caller, request: Request) -> Response:
        name = _checked_name(request["workgroupName"], "workgroupName")
        _check_capacity(request)
        with self._model.lock:
            namespace = self._namespace(request["namespaceName"])
            if name in self._model.workgroups:
                raise AwsError("ConflictException", f"Workgroup {name} already exists")
            if any(w["namespaceName"] == namespace["namespaceName"] for w in self._model.workgroups.values()):
                raise AwsError("ConflictException", f"Namespace {namespace['namespaceName']} has a workgroup already")
            identifier = new_id()
            workgroup: dict[str, Any] = {
                "workgroupName": name,
                "workgroupId": identifier,
                "workgroupArn": self._arn("workgroup", identifier),
                "namespaceName": namespace["namespaceName"],
                "baseCapacity": _DEFAULT_BASE_CAPACITY,
                "enhancedVpcRouting": False,
                "publiclyAccessible": False,
                "port": _PORT,
                "status": "AVAILABLE",
                "creationDate": timestamp(),
            }
            workgroup |= {key: request[key] for key in _WORKGROUP_FIELDS if request.get(key) is not None}
            workgroup["endpoint"] = self._endpoint(name, workgroup["port"])
            self._model.workgroups[name] = workgroup
            self._set_tags(workgroup["workgroupArn"], request.get("tags"))
            self._model.save()
        return {"workgroup": workgroup}

    def get_workgroup(self, caller: Caller, request: Request) -> Response:
        return {"workgroup": self._workgroup(request["workgroupName"])}

    def list_workgroups(self, caller: Caller, request: Request) -> Response:
        return {"workgroups": list(self._model.workgroups.values())}

    def update_workgroup(self, caller: Caller, request: Request) -> Response:
        _check_capacity(request)
        with self._model.lock:
            workgroup = self._workgroup(request["workgroupName"])
            workgroup |= {key: request[key] for key in _WORKGROUP_FIELDS if request.get(key) is not None}
            workgroup["endpoint"] = self._endpoint(workgroup["workgroupName"], workgroup["port"])
            self._model.save()
        return {"workgroup": workgroup}

    def delete_workgroup(self, caller: Caller, request: Request) -> Response:
        with self._model.lock:
            workgroup = self._workgroup(request["workgroupName"])
            del self._model.workgroups[workgroup["workgroupName"]]
            self._model.tags.pop(workgroup["workgroupArn"], None)
            self._forget_usage_limits(workgroup["workgroupArn"])
            self._model.save()
        return {"workgroup": {**workgroup, "status": "DELETING"}}

    # ---- tags

    def tag_resource(self, caller: Caller, request: Request) -> Response:
        with self._model.lock:
            self._set_tags(self._known_arn(request["resourceArn"]), request["tags"])
            self._model.save()
        return {}

    def untag_resource(self, caller: Caller, request: Request) -> Response:
        with self._model.lock:
            tags = self._model.tags.get(self._known_arn(request["resourceArn"]), {})
            for key in request["tagKeys"]:
                tags.pop(key, None)
            self._model.save()
        return {}

    def list_tags_for_resource(self, caller: Caller, request: Request) -> Response:
        tags = self._model.tags.get(self._known_arn(request["resourceArn"]), {})
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def _set_tags(self, arn: str, tags: list[dict[str, str]] | None) -> None:
        self._model.tags.setdefault(arn, {}).update({tag["key"]: tag["value"] for tag in tags or []})

    def _known_arn(self, arn: str) -> str:
        known = [item["namespaceArn"] for item in self._model.namespaces.values()]
        known += [item["workgroupArn"] for item in self._model.workgroups.values()]
        if arn not in known:
            raise AwsError("ResourceNotFoundException", f"The resource {arn} was not found", 404)
        return arn

    def _namespace(self, name: str) -> dict[str, Any]:
        namespace = self._model.namespaces.get(name)
        if namespace is None:
            raise AwsError("ResourceNotFoundException", f"Serverless namespace {name} not found.", 404)
        return namespace

    def _workgroup(self, name: str) -> dict[str, Any]:
        workgroup = self._model.workgroups.get(name)
        if workgroup is None:
            raise AwsError("ResourceNotFoundException", f"Serverless workgroup {name} not found.", 404)
        return workgroup

    def _arn(self, kind: str, identifier: str) -> str:
        return f"arn:aws:redshift-serverless:{self._settings.region}:{self._settings.account_id}:{kind}/{identifier}"

    def _endpoint(self, name: str, port: int) -> dict[str, Any]:
        """AWS's name of the endpoint; nothing listens there, the Data API is the way in."""
        address = f"{name}.{self._settings.account_id}.{self._settings.region}.redshift-serverless.amazonaws.com"
        return {"address": address, "port": port, "vpcEndpoints": []}


def _checked_name(name: str, field: str) -> str:
    if not _NAME.match(name):
        raise AwsError("ValidationException", f"{field} must have 3 to 64 characters a-z, 0-9 and -: {name!r}")
    return name


def _check_default_role(default: str | None, roles: list[str]) -> None:
    if default and default not in roles:
        raise AwsError("ValidationException", f"The default IAM role {default} is not among the namespace's IAM roles")


def _check_capacity(request: Request) -> None:
    """4 RPUs, or 8 to 512 in steps of 8 (mgmt/serverless-capacity)."""
    for field in ("baseCapacity", "maxCapacity"):
        capacity = request.get(field)
        if capacity not in (None, -1, 4) and not (8 <= capacity <= 512 and capacity % 8 == 0):
            raise AwsError(
                "ValidationException", f"{field} must be 4, or between 8 and 512 in increments of 8: {capacity}"
            )
