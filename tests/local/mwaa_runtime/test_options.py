"""The laptop's configuration options are those of the environment's template."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local import mwaa_options
from local.errors import LocalAwsError
from local.laptop_airflow import OVERRIDES
from local.mwaa_options import environment_options, resolved_options
from local.mwaa_runtime.configuration import option_variables
from local.mwaa_runtime.image import load_image
from local.settings import LocalSettings


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    return LocalSettings(tmp_path, 1, 2, (3,), 4, prefix="other", env="prod")


def template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, kind: str = "AWS::MWAA::Environment"
) -> None:
    path = tmp_path / "environment.yaml"
    path.write_text(
        f"Parameters: {{Limit: {{Type: Number, Default: 5}}}}\nResources:\n  Environment:\n    Type: {kind}\n"
        f"    Properties:\n      AirflowConfigurationOptions: {options}\n"
    )
    monkeypatch.setattr(mwaa_options, "TEMPLATE", path)


@pytest.mark.parametrize("options", ["{a.b: !GetAtt Other.Arn}", "{a.b: !Ref NoSuchParameter}", '{a.b: !Sub "${No}"}'])
def test_a_value_that_only_the_stack_would_know_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: LocalSettings, options: str
) -> None:
    template(tmp_path, monkeypatch, options)
    with pytest.raises(LocalAwsError, match="parameters and pseudo parameters only"):
        environment_options(settings, {})


def test_a_template_without_an_environment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: LocalSettings
) -> None:
    template(tmp_path, monkeypatch, "{a.b: x}", kind="AWS::SNS::Topic")
    with pytest.raises(LocalAwsError, match="declares 0 resources of type AWS::MWAA::Environment"):
        environment_options(settings, {})


def test_values_are_text_as_in_cloudformation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: LocalSettings
) -> None:
    template(tmp_path, monkeypatch, '{a.b: true, a.c: 4, a.d: !Ref Limit, a.e: !Sub "${AWS::Region}"}')
    assert environment_options(settings, {}) == {"a.b": "true", "a.c": "4", "a.d": "5", "a.e": "us-east-1"}


def test_before_the_first_up_there_are_none(settings: LocalSettings) -> None:
    with pytest.raises(LocalAwsError, match="python -m local up"):
        resolved_options(settings)


def test_the_repository_s_options_are_accepted_and_name_this_lake(settings: LocalSettings) -> None:
    options = environment_options(settings, {})
    assert (options["lake.prefix"], options["lake.env"]) == ("other", "prod")
    assert options["lake.alerts_topic_arn"] == "arn:aws:sns:us-east-1:123456789012:other-prod-alerts"
    assert option_variables(options | OVERRIDES, load_image())


def test_the_repository_s_secrets_backend_never_asks_for_aws_default(settings: LocalSettings) -> None:
    lookup = json.loads(environment_options(settings, {})["secrets.backend_kwargs"])
    assert lookup["connections_lookup_pattern"] == "^(?!aws_default$).*$"
    assert lookup["connections_prefix"] == "airflow/connections"


def test_what_only_the_laptop_sets_is_a_handful() -> None:
    assert set(OVERRIDES) == {"core.parallelism", "lake.poll_seconds", "dag_processor.refresh_interval"}
