"""The operations of the MWAA API. A wrong request is refused at once; the work goes on in `changes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.errors import AwsError
from local.identity import Caller
from local.services.mwaa import failure_injection, log_groups
from local.services.mwaa.changes import Changes
from local.services.mwaa.models import Environment, MwaaBackend
from local.services.mwaa.rest_api import RestApi
from local.services.mwaa.rules import PINNED, check_settings, invalid, with_defaults
from local.services.mwaa.source_bucket import SourceBucket, check_execution_role
from local.settings import LocalSettings

Request = Mapping[str, Any]

# In these an environment takes an update; UPDATE_FAILED means that it was restored and is usable (API reference).
_UPDATABLE = frozenset({"AVAILABLE", "UPDATE_FAILED"})
_DELETABLE = _UPDATABLE | {"CREATE_FAILED", "UNAVAILABLE"}
_PAGE = 25
_MOST_TAGS = 50
_NOT_SETTINGS = frozenset({"Name", "Tags", "WorkerReplacementStrategy"})


class Operations:
    """One method per operation of the API; an operation without a method is not served."""

    def __init__(self, settings: LocalSettings, backend: MwaaBackend, changes: Changes, rest_api: RestApi) -> None:
        """Remember whom to ask.

        :param settings: of the local AWS.
        :param backend: the environments.
        :param changes: carries out what was asked for.
        :param rest_api: the way into a running Airflow.
        """
        self._settings = settings
        self._backend = backend
        self._changes = changes
        self._rest_api = rest_api

    def create_environment(self, caller: Caller, request: Request) -> dict[str, Any]:
        name = request["Name"]
        if name in self._backend.environments:
            raise invalid(f"An environment with the name {name} already exists")
        for unserved in ("IdentityCenterConfiguration", "Teams"):
            if unserved in request:
                raise invalid(f"{unserved} is not supported by the local AWS; see docs/local-aws.md")
        settings = with_defaults({key: value for key, value in request.items() if key not in _NOT_SETTINGS})
        self._check(settings)
        tags = dict(request.get("Tags", {}))
        failure_injection.check(tags)
        arn = f"arn:aws:airflow:{self._settings.region}:{self._settings.account_id}:environment/{name}"
        environment = Environment(name, arn, settings, tags)
        self._backend.environments[name] = environment
        self._changes.create(environment)
        return {"Arn": arn}

    def get_environment(self, caller: Caller, request: Request) -> dict[str, Any]:
        environment = self._existing(request["Name"])
        groups = log_groups.described(
            self._settings, environment.name, environment.settings.get("LoggingConfiguration", {})
        )
        return {"Environment": environment.described(groups, self._changes.webserver_url(environment))}

    def list_environments(self, caller: Caller, request: Request) -> dict[str, Any]:
        names = sorted(self._backend.environments)
        after = request.get("NextToken")
        if after is not None and after not in names:
            raise invalid("NextToken is not valid")
        rest = [name for name in names if after is None or name > after]
        page = rest[: request.get("MaxResults", _PAGE)]
        more = {"NextToken": page[-1]} if len(page) < len(rest) else {}
        return {"Environments": page} | more

    def update_environment(self, caller: Caller, request: Request) -> dict[str, Any]:
        environment = self._existing(request["Name"])
        if environment.status not in _UPDATABLE:
            raise invalid(
                f"Environment {environment.name} is {environment.status}: "
                f"it can be updated when it is {' or '.join(sorted(_UPDATABLE))}"
            )
        given = {key: value for key, value in request.items() if key not in _NOT_SETTINGS}
        for unserved in ("IdentityCenterConfiguration", "Teams"):
            if unserved in given:
                raise invalid(f"{unserved} is not supported by the local AWS; see docs/local-aws.md")
        if "NetworkConfiguration" in given:
            # The subnets of an environment are for ever (UpdateNetworkConfigurationInput has none).
            given["NetworkConfiguration"] = environment.settings["NetworkConfiguration"] | given["NetworkConfiguration"]
        wanted = _without_emptied_pins(environment.settings | given)
        self._check(wanted)
        self._changes.update(environment, wanted, request.get("WorkerReplacementStrategy", "FORCED"))
        return {"Arn": environment.arn}

    def delete_environment(self, caller: Caller, request: Request) -> dict[str, Any]:
        environment = self._existing(request["Name"])
        if environment.status not in _DELETABLE:
            raise invalid(f"Environment {environment.name} is {environment.status}: it cannot be deleted now")
        self._changes.delete(environment)
        return {}

    def tag_resource(self, caller: Caller, request: Request) -> dict[str, Any]:
        environment = self._with_arn(request["ResourceArn"])
        failure_injection.check(request["Tags"])
        tags = environment.tags | request["Tags"]
        if len(tags) > _MOST_TAGS:
            raise invalid(f"{environment.name} would have {len(tags)} tags, {_MOST_TAGS} are allowed")
        environment.tags = tags
        return {}

    def untag_resource(self, caller: Caller, request: Request) -> dict[str, Any]:
        environment = self._with_arn(request["ResourceArn"])
        environment.tags = {key: value for key, value in environment.tags.items() if key not in request["tagKeys"]}
        return {}

    def list_tags_for_resource(self, caller: Caller, request: Request) -> dict[str, Any]:
        return {"Tags": self._with_arn(request["ResourceArn"]).tags}

    def invoke_rest_api(self, caller: Caller, request: Request) -> dict[str, Any]:
        environment = self._existing(request["Name"])
        if environment.status not in _UPDATABLE | {"UPDATING", "MAINTENANCE"}:
            raise invalid(f"Environment {environment.name} is {environment.status}: its REST API cannot be called")
        return self._rest_api.invoke(environment, request)

    def _check(self, settings: dict[str, Any]) -> None:
        check_settings(settings)
        check_execution_role(self._settings.account_id, settings["ExecutionRoleArn"])
        SourceBucket(self._settings, settings).check()

    def _existing(self, name: str) -> Environment:
        environment = self._backend.environments.get(name)
        if environment is None:
            raise AwsError("ResourceNotFoundException", f"Environment {name} not found", 404)
        return environment

    def _with_arn(self, arn: str) -> Environment:
        for environment in self._backend.environments.values():
            if environment.arn == arn:
                return environment
        raise AwsError("ResourceNotFoundException", f"Resource {arn} not found", 404)


def _without_emptied_pins(settings: Mapping[str, Any]) -> dict[str, Any]:
    """An empty path takes a file away from the environment."""
    emptied = {path for path in PINNED if settings.get(path) == ""}
    dropped = emptied | {PINNED[path] for path in emptied}
    return {key: value for key, value in settings.items() if key not in dropped}
