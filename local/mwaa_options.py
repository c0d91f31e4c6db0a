"""The configuration options of the MWAA environment, read from the template that makes it: one source of truth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.errors import LocalAwsError
from local.settings import REPOSITORY, LocalSettings

TEMPLATE = REPOSITORY / "mwaa" / "cloudformation" / "environment.yaml"
_TYPE = "AWS::MWAA::Environment"
_FILE = "airflow_options.json"


def environment_options(settings: LocalSettings, outputs: Mapping[str, str]) -> dict[str, str]:
    """``AirflowConfigurationOptions`` as they would reach the environment of this local AWS.

    :param settings: give Prefix and Env.
    :param outputs: of the lake's stack; a parameter of the same name gets the output's value.
    :returns: ``section.key`` to value.
    :raises LocalAwsError: the template has no such environment, or a value depends on what is not known here.
    """
    # Imported here: the command line starts without moto.
    from moto.core.exceptions import ServiceException

    from local.services.cloudformation.failures import ResourceError
    from local.services.cloudformation.intrinsics import Scope
    from local.services.cloudformation.template import parse_template

    template = parse_template(TEMPLATE.read_text(encoding="utf-8"))
    environments = [declared for declared in template.resources.values() if declared.type_name == _TYPE]
    if len(environments) != 1:
        raise LocalAwsError(f"{TEMPLATE.name} declares {len(environments)} resources of type {_TYPE}, not one.")
    scope = Scope(template, _parameters(template.parameters, settings, outputs), {})
    try:
        options = scope.resolve(environments[0].properties.get("AirflowConfigurationOptions", {}))
    except (ResourceError, ServiceException, KeyError) as error:
        raise LocalAwsError(
            f"{TEMPLATE.name}, AirflowConfigurationOptions: {error}. They may use parameters and pseudo parameters "
            "only, because the laptop has no such stack."
        ) from error
    return {option: _text(value) for option, value in options.items()}


def write_options(settings: LocalSettings, options: Mapping[str, str]) -> None:
    """Keep the resolved options in the state folder, for programs that start an Airflow of their own on this lake."""
    path = settings.state_dir / _FILE
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(dict(options), indent=2, sort_keys=True) + "\n")
    draft.replace(path)


def resolved_options(settings: LocalSettings) -> dict[str, str]:
    """What the last `up` wrote.

    :raises LocalAwsError: there was none.
    """
    path = settings.state_dir / _FILE
    if not path.exists():
        raise LocalAwsError(f"{path} is missing. Make it: python -m local up")
    options: dict[str, str] = json.loads(path.read_text())
    return options


def _parameters(
    declared: Mapping[str, Mapping[str, Any]], settings: LocalSettings, outputs: Mapping[str, str]
) -> dict[str, str]:
    pseudo = {
        "AWS::AccountId": settings.account_id,
        "AWS::Partition": "aws",
        "AWS::Region": settings.region,
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": settings.name("environment"),
    }
    defaults = {name: str(parameter["Default"]) for name, parameter in declared.items() if "Default" in parameter}
    names = {"Prefix": settings.prefix, "Env": settings.env}
    return defaults | dict(outputs) | names | pseudo


def _text(value: object) -> str:
    """As CloudFormation hands a scalar to a map of strings."""
    return str(value).lower() if isinstance(value, bool) else str(value)
