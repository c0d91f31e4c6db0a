"""Who may start runs and read results (IAM), and what a run's role needs (IAM and Lake Formation)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from tests.local import rights
from tests.local.glue.data_quality.quality_bench import LIBRARY, RUN_RIGHTS, QualityBench

ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", "b", None]})
RULESETS = "arn:aws:glue:us-east-1:123456789012:dataQualityRuleset"


@pytest.fixture(scope="module")
def table(quality: QualityBench) -> str:
    return quality.table(ROWS)


def run_as(quality: QualityBench, table: str, role: str) -> dict[str, Any]:
    return quality.wait(quality.start("RowCount = 3", table, Role=role))


# --- the role -------------------------------------------------------------------------------------------------------


def test_a_role_with_all_rights(quality: QualityBench, table: str) -> None:
    """By name and by ARN."""
    arn = f"arn:aws:iam::123456789012:role/{quality.role}"
    assert [run_as(quality, table, role)["Status"] for role in (quality.role, arn)] == ["SUCCEEDED"] * 2


def without(action: str) -> Callable[[QualityBench], list[dict[str, Any]]]:
    def statements(quality: QualityBench) -> list[dict[str, Any]]:
        found = []
        for statement in [*rights.use_bucket(quality.workbench.bucket), *RUN_RIGHTS]:
            kept = [other for other in statement["Action"] if other != action]
            if action == "s3:GetObject" and statement["Resource"] == LIBRARY:
                kept = ["s3:GetObject"]
            found += [statement | {"Action": kept}] if kept else []
        return found

    return statements


LACKS = {
    "glue:GetTable": "is not authorized to perform: glue:GetTable",
    "glue:GetDatabase": "is not authorized to perform: glue:GetDatabase",
    "glue:GetDataQualityRuleset": "is not authorized to perform: glue:GetDataQualityRuleset on resource: " + RULESETS,
    "glue:GetDataQualityRulesetEvaluationRun": "perform: glue:GetDataQualityRulesetEvaluationRun",
    "glue:PublishDataQuality": "perform: glue:PublishDataQuality",
    "s3:ListBucket": "Access Denied",
    "s3:GetObject": "403",
}


@pytest.mark.parametrize("action", LACKS)
def test_a_role_that_lacks_a_right(quality: QualityBench, table: str, action: str) -> None:
    role = f"{quality.role}-no-{action.rpartition(':')[2][:24]}"
    quality.make_role(role, *without(action)(quality))
    quality.grant(role, table)
    run = run_as(quality, table, role)
    assert run["Status"] == "FAILED"
    assert LACKS[action] in run["ErrorString"] or "Denied" in run["ErrorString"]
    assert "ResultIds" not in run


def test_a_role_that_may_not_load_the_library(quality: QualityBench, table: str) -> None:
    role = f"{quality.role}-no-library"
    kept = [statement for statement in RUN_RIGHTS if statement["Resource"] != LIBRARY]
    quality.make_role(role, *rights.use_bucket(quality.workbench.bucket), *kept)
    quality.grant(role, table)
    assert "LAUNCH ERROR | Error downloading from S3" in run_as(quality, table, role)["ErrorString"]


def test_a_role_that_is_not_there(quality: QualityBench, table: str) -> None:
    assert "should be given assume role permissions" in run_as(quality, table, "no-such-role")["ErrorString"]


def granted(quality: QualityBench, table: str, name: str, grant: Callable[[str], None]) -> str:
    """Why a run of a role with these Lake Formation permissions fails."""
    role = f"{quality.role}-{name}"
    quality.make_role(role)
    grant(role)
    run = run_as(quality, table, role)
    assert run["Status"] == "FAILED"
    return str(run["ErrorString"])


def test_lake_formation_nothing(quality: QualityBench, table: str) -> None:
    message = granted(quality, table, "ungranted", lambda role: None)
    assert f"Insufficient Lake Formation permission(s): Required Select on {table}" in message


def test_lake_formation_some_columns(quality: QualityBench, table: str) -> None:
    def grant(role: str) -> None:
        columns = {"DatabaseName": quality.database, "Name": table, "ColumnNames": ["id"]}
        quality.workbench.grant(["SELECT"], {"TableWithColumns": columns}, role)

    message = granted(quality, table, "columns", grant)
    assert "Required Select on all columns" in message
    assert "columns name are hidden" in message


def test_lake_formation_some_rows(quality: QualityBench, table: str) -> None:
    def grant(role: str) -> None:
        cells = {"TableCatalogId": "123456789012", "DatabaseName": quality.database, "TableName": table, "Name": "few"}
        quality.workbench.aws.client("lakeformation").create_data_cells_filter(
            TableData={**cells, "RowFilter": {"FilterExpression": "id = 1"}, "ColumnWildcard": {}}
        )
        quality.workbench.grant(["SELECT"], {"DataCellsFilter": cells}, role)

    assert "rows or cells are filtered" in granted(quality, table, "rows", grant)


def test_a_reference_is_read_as_the_role_too(quality: QualityBench, table: str) -> None:
    other = quality.table(ROWS)
    role = f"{quality.role}-one-table"
    quality.make_role(role)
    quality.grant(role, table)
    run = quality.wait(quality.start('RowCountMatch "other" = 1.0', table, {"other": other}, Role=role))
    assert f"Required Select on {other}" in run["ErrorString"]
    # Named in a rule only, the table is the rule's business
    rule = f'RowCountMatch "{quality.database}.{other}" = 1.0'
    (result_id,) = quality.wait(quality.start(rule, table, Role=role))["ResultIds"]
    (found,) = quality.glue.get_data_quality_result(ResultId=result_id)["RuleResults"]
    assert (found["Result"], f"Required Select on {other}" in found["EvaluationMessage"]) == ("FAIL", True)


# --- the caller -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def caller(quality: QualityBench) -> str:
    name = f"{quality.workbench.name}-caller"
    quality.make_role(name, rights.allow("sts:GetCallerIdentity"))
    return name


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    return str(error.value.response["Error"]["Message"])


def test_starting_needs_the_ruleset_and_the_role(quality: QualityBench, table: str, caller: str) -> None:
    iam, glue = quality.workbench.aws.client("iam"), quality.workbench.aws.client("glue", caller)
    name = quality.ruleset("Rules = [ RowCount = 3 ]")
    request = {"DataSource": quality.data_source(table), "Role": quality.role, "RulesetNames": [name]}

    def start() -> Any:
        return glue.start_data_quality_ruleset_evaluation_run(**request)

    role_arn = f"arn:aws:iam::123456789012:role/{quality.role}"
    of_ruleset = rights.allow("glue:StartDataQualityRulesetEvaluationRun", resources=f"{RULESETS}/{name}")
    passing = rights.allow("iam:PassRole", resources=role_arn)
    rights.give(iam, caller, rights.allow(*of_ruleset["Action"], resources=f"{RULESETS}/other"), passing)
    assert f"glue:StartDataQualityRulesetEvaluationRun on resource: {RULESETS}/{name}" in refused(start)
    rights.give(iam, caller, of_ruleset)
    assert f"iam:PassRole on resource: {role_arn}" in refused(start)
    wrong_service = passing | {"Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}
    rights.give(iam, caller, of_ruleset, wrong_service)
    assert "iam:PassRole" in refused(start)
    right_service = passing | {"Condition": {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}}
    rights.give(iam, caller, of_ruleset, right_service)
    assert quality.wait(start()["RunId"])["Status"] == "SUCCEEDED"


def test_runs_and_results_are_guarded_by_their_ruleset(quality: QualityBench, table: str, caller: str) -> None:
    iam, glue = quality.workbench.aws.client("iam"), quality.workbench.aws.client("glue", caller)
    run = quality.wait(quality.start("RowCount = 3", table))
    (result_id,), (name,) = run["ResultIds"], run["RulesetNames"]
    reads = ("glue:GetDataQualityRulesetEvaluationRun", "glue:GetDataQualityResult")
    rights.give(iam, caller, rights.allow(*reads, resources=f"{RULESETS}/{name}"))
    assert glue.get_data_quality_ruleset_evaluation_run(RunId=run["RunId"])["Status"] == "SUCCEEDED"
    assert glue.get_data_quality_result(ResultId=result_id)["Score"] == 1.0
    # Reading several is the same right
    assert len(glue.batch_get_data_quality_result(ResultIds=[result_id])["Results"]) == 1
    rights.give(iam, caller, rights.allow(*reads, resources=f"{RULESETS}/other"))
    assert f"{RULESETS}/{name}" in refused(lambda: glue.get_data_quality_result(ResultId=result_id))
    assert "glue:GetDataQualityResult" in refused(lambda: glue.batch_get_data_quality_result(ResultIds=[result_id]))
    refused(lambda: glue.get_data_quality_ruleset_evaluation_run(RunId=run["RunId"]))
    refused(lambda: glue.get_data_quality_result(ResultId="dqresult-none"))
    refused(lambda: glue.list_data_quality_rulesets())
    refused(lambda: glue.create_data_quality_ruleset(Name="x", Ruleset="Rules = [ RowCount > 0 ]"))


def test_recommending_needs_the_right_and_the_role(quality: QualityBench, table: str, caller: str) -> None:
    iam, glue = quality.workbench.aws.client("iam"), quality.workbench.aws.client("glue", caller)
    rights.give(iam, caller, rights.allow("glue:StartDataQualityRuleRecommendationRun", resources=f"{RULESETS}/*"))
    message = refused(
        lambda: glue.start_data_quality_rule_recommendation_run(
            DataSource=quality.data_source(table), Role=quality.role
        )
    )
    assert "iam:PassRole" in message
