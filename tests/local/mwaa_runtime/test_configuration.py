"""Which of an environment's settings win, and which ones MWAA would refuse or ignore."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from local.mwaa_runtime.configuration import OptionError, compose, ignored_exports, option_variables
from local.mwaa_runtime.image import load_image, option_variable
from local.settings import REPOSITORY

IMAGE = load_image("3.3.1")


def composed(**parts: dict[str, str]) -> dict[str, str]:
    empty: dict[str, dict[str, str]] = {"container": {}, "startup": {}, "options": {}, "own": {}}
    return compose(IMAGE, **(empty | parts))


# --- options that never reach Airflow --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "option",
    [
        "core.executor",
        "core.multi_team",
        "core.load_examples",
        "triggerer.queues_enabled",
        "execution_api.jwt_expiration_time",
        "logging.logging_config_class",
        "database.sql_alchemy_conn",
        "core.fernet_key",
        "metrics.statsd_host",
        "celery.celery_config_options",
    ],
)
def test_options_that_mwaa_sets_itself_are_refused(option: str) -> None:
    with pytest.raises(OptionError, match=rf"{re.escape(option)}: MWAA sets this itself"):
        option_variables({option: "mine"}, IMAGE)


@pytest.mark.parametrize("option", ["api.base_url", "webserver.base_url", "core.database_access_isolation"])
def test_options_with_a_protected_name_are_refused(option: str) -> None:
    with pytest.raises(OptionError, match="protected"):
        option_variables({option: "mine"}, IMAGE)


@pytest.mark.parametrize(
    "option", ["Core.parallelism", "parallelism", "core-parallelism", ".x", "core.", "c" * 65 + ".x"]
)
def test_names_that_the_api_refuses(option: str) -> None:
    with pytest.raises(OptionError, match="not a name that MWAA accepts"):
        option_variables({option: "4"}, IMAGE)


@pytest.mark.parametrize("value", ["", "two\nlines", "ümlaut", 4, "x" * 65537])
def test_values_that_the_api_refuses(value: str) -> None:
    with pytest.raises(OptionError, match="printable ASCII"):
        option_variables({"core.parallelism": value}, IMAGE)


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(OptionError) as refused:
        option_variables({"core.executor": "x", "parallelism": "4", "core.parallelism": "4"}, IMAGE)
    assert "core.executor" in str(refused.value)
    assert "parallelism: not a name" in str(refused.value)


def test_metrics_that_a_customer_may_choose_are_accepted() -> None:
    assert option_variables({"metrics.metrics_allow_list": "scheduler"}, IMAGE)


# --- precedence ------------------------------------------------------------------------------------------------------


def test_each_level_beats_the_one_before() -> None:
    name = option_variable("scheduler.task_queued_timeout")
    assert composed()[name] == "1800.0"
    assert composed(container={name: "0"})[name] == "1800.0"
    assert composed(startup={name: "1"})[name] == "1"
    assert composed(startup={name: "1"}, options={name: "2"})[name] == "2"
    assert composed(startup={name: "1"}, options={name: "2"}, own={name: "3"})[name] == "3"


@pytest.mark.parametrize(
    "name", ["AWS_REGION", "PYTHONPATH", "AIRFLOW_HOME", "AIRFLOW__API__BASE_URL", "MWAA__CORE__X"]
)
def test_protected_variables_keep_the_value_of_the_container(name: str) -> None:
    assert (
        composed(container={name: "container"}, startup={name: "script"}, options={name: "option"})[name] == "container"
    )


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"])
def test_no_script_leads_out_of_the_local_aws(name: str) -> None:
    assert name not in composed(startup={name: "https://glue.eu-west-1.amazonaws.com"})


def test_essential_variables_beat_everything() -> None:
    name = option_variable("core.multi_team")
    everywhere = {name: "True"}
    assert composed(container=everywhere, startup=everywhere, options=everywhere)[name] == "False"


def test_the_pattern_that_keeps_aws_default_out_of_secrets_manager_is_there_unless_overridden() -> None:
    name = option_variable("secrets.backend_kwargs")
    assert "(?!aws_default$)" in composed()[name]
    assert composed(options={name: "{}"})[name] == "{}"


def test_what_the_laptop_replaces_and_leaves_out() -> None:
    here = composed()
    assert here[option_variable("core.executor")] == "LocalExecutor"
    assert here[option_variable("core.auth_manager")].endswith("SimpleAuthManager")
    assert not [name for name, value in here.items() if "mwaa." in value or "/python/mwaa" in value]
    assert not [name for name in here if name.startswith(("AIRFLOW__METRICS__", "AIRFLOW__CELERY__"))]
    assert "AIRFLOW__METRICS__STATSD_ON" not in composed(options={"AIRFLOW__METRICS__STATSD_ON": "True"})


def test_exports_without_effect_are_found() -> None:
    before = {"A": "1", "B": "1", "C": "1"}
    startup = {"A": "1", "B": "2", "C": "2", "D": "2"}
    assert ignored_exports(before, startup, {"A": "1", "B": "1", "C": "2"}) == ["B", "D"]


# --- the image's file ------------------------------------------------------------------------------------------------


def test_the_image_and_its_constraints_belong_to_the_version_that_is_installed() -> None:
    (installed,) = (REPOSITORY / ".venv" / "airflow" / "lib").glob("python3.*/site-packages/apache_airflow-*.dist-info")
    assert installed.name == f"apache_airflow-{IMAGE.version}.dist-info"
    assert f"apache-airflow=={IMAGE.version}\n" in IMAGE.essential_constraints.read_text()
    (boto3,) = (REPOSITORY / ".venv" / "airflow" / "lib").glob("python3.*/site-packages/boto3-*.dist-info")
    version = boto3.name.removeprefix("boto3-").removesuffix(".dist-info")
    assert f"boto3=={version}\n" in IMAGE.airflow_constraints.read_text()


def test_each_table_of_the_image_names_its_source() -> None:
    text = (REPOSITORY / "mwaa" / "image" / "3.3.1.toml").read_text()
    tables = [name for name in tomllib.loads(text) if isinstance(tomllib.loads(text)[name], dict) and name != "laptop"]
    for table in tables:
        comment = text.split(f"[{table}]\n", 1)[1].split("\n", 1)[0]
        assert comment.startswith("#"), f"[{table}] does not say where it comes from"


def test_an_unknown_image_is_not_guessed() -> None:
    with pytest.raises(FileNotFoundError, match=r"9\.9\.9"):
        load_image("9.9.9")
    assert not Path(REPOSITORY / "mwaa" / "image" / "9.9.9.toml").exists()
