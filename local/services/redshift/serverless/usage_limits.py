"""Usage limits of workgroups. They are kept as AWS keeps them; nothing here uses RPUs, so none is ever reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.errors import AwsError
from local.identity import Caller
from local.services.redshift.serverless.model import ServerlessModel, new_id
from local.settings import LocalSettings

_COMPUTE = "serverless-compute"
_DEFAULTS = {"period": "monthly", "breachAction": "log"}
# Redshift management guide, "Setting usage limits": up to four for the RPU-hours of a workgroup.
_MOST = 4


class UsageLimitOperations:
    """CreateUsageLimit, GetUsageLimit, ListUsageLimits, UpdateUsageLimit and DeleteUsageLimit."""

    _settings: LocalSettings
    _model: ServerlessModel

    def create_usage_limit(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        if request["usageType"] != _COMPUTE:
            raise AwsError("ValidationException", f"Only the usage type {_COMPUTE} is served by the local AWS")
        _check_amount(request["amount"])
        resource = request["resourceArn"]
        with self._model.lock:
            if resource not in {item["workgroupArn"] for item in self._model.workgroups.values()}:
                raise AwsError("ResourceNotFoundException", f"The resource {resource} was not found", 404)
            if len(self._of(resource)) >= _MOST:
                raise AwsError("ServiceQuotaExceededException", f"{resource} has {_MOST} usage limits already", 402)
            identifier = new_id()
            limit = {
                "usageLimitId": identifier,
                "usageLimitArn": (
                    f"arn:aws:redshift-serverless:{self._settings.region}:{self._settings.account_id}"
                    f":usagelimit/{identifier}"
                ),
                **{key: request[key] for key in ("resourceArn", "usageType", "amount")},
                **{key: request.get(key, default) for key, default in _DEFAULTS.items()},
            }
            self._model.usage_limits[identifier] = limit
            self._model.save()
        return {"usageLimit": limit}

    def get_usage_limit(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"usageLimit": self._limit(request["usageLimitId"])}

    def list_usage_limits(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        found = self._of(request["resourceArn"]) if "resourceArn" in request else self._model.usage_limits.values()
        wanted = request.get("usageType", _COMPUTE)
        return {"usageLimits": [item for item in found if item["usageType"] == wanted]}

    def update_usage_limit(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        if "amount" in request:
            _check_amount(request["amount"])
        with self._model.lock:
            limit = self._limit(request["usageLimitId"])
            limit |= {key: request[key] for key in ("amount", "breachAction") if key in request}
            self._model.save()
        return {"usageLimit": limit}

    def delete_usage_limit(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        with self._model.lock:
            limit = self._limit(request["usageLimitId"])
            del self._model.usage_limits[limit["usageLimitId"]]
            self._model.save()
        return {"usageLimit": limit}

    def _forget_usage_limits(self, resource_arn: str) -> None:
        for limit in self._of(resource_arn):
            del self._model.usage_limits[limit["usageLimitId"]]

    def _of(self, resource_arn: str) -> list[dict[str, Any]]:
        return [item for item in self._model.usage_limits.values() if item["resourceArn"] == resource_arn]

    def _limit(self, identifier: str) -> dict[str, Any]:
        limit = self._model.usage_limits.get(identifier)
        if limit is None:
            raise AwsError("ResourceNotFoundException", f"Usage limit {identifier} not found.", 404)
        return limit


def _check_amount(amount: int) -> None:
    if amount < 1:
        raise AwsError("ValidationException", f"amount must be a positive number of RPU-hours: {amount}")
