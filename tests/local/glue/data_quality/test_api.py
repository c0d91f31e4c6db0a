"""The API: shapes, errors, states, lists, what is refused."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from botocore.serialize import create_serializer

from tests.local.glue.data_quality.quality_bench import QualityBench

ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", "b", None]})
# Long enough to be cancelled, and interruptible.
SLOW = 'CustomSql "select count(*) from primary a, primary b where a.id + b.id > 0 and a.id % 7 <> b.id % 11" > 0'


@pytest.fixture(scope="module")
def table(quality: QualityBench) -> str:
    return quality.table(ROWS)


@pytest.fixture(scope="module")
def wide(quality: QualityBench) -> str:
    return quality.table(pa.table({"id": pa.array(range(400_000), pa.int64())}))


def code_of(call: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


# --- rule sets ------------------------------------------------------------------------------------------------------


def test_a_ruleset_is_created_read_changed_listed_and_deleted(quality: QualityBench, table: str) -> None:
    glue, name = quality.glue, f"r-{uuid.uuid4().hex[:8]}"
    target = {"DatabaseName": quality.database, "TableName": table}
    text = 'Rules = [ RowCount > 0, IsComplete "id" ]'
    created = glue.create_data_quality_ruleset(
        Name=name, Ruleset=text, Description="first", TargetTable=target, Tags={"team": "lake"}
    )
    assert created["Name"] == name
    found = glue.get_data_quality_ruleset(Name=name)
    assert (found["Ruleset"], found["Description"], found["TargetTable"]) == (text, "first", target)
    assert found["CreatedOn"] == found["LastModifiedOn"]
    changed = glue.update_data_quality_ruleset(Name=name, Ruleset="Rules = [ RowCount > 1 ]", Description="second")
    assert (changed["Ruleset"], changed["Description"]) == ("Rules = [ RowCount > 1 ]", "second")
    (listed,) = glue.list_data_quality_rulesets(Filter={"TargetTable": target})["Rulesets"]
    assert (listed["Name"], listed["RuleCount"]) == (name, 1)
    assert [item["Name"] for item in glue.list_data_quality_rulesets(Tags={"team": "lake"})["Rulesets"]] == [name]
    assert glue.list_data_quality_rulesets(Filter={"CreatedBefore": 1.0})["Rulesets"] == []
    glue.delete_data_quality_ruleset(Name=name)
    assert code_of(lambda: glue.get_data_quality_ruleset(Name=name))[0] == "EntityNotFoundException"
    assert code_of(lambda: glue.delete_data_quality_ruleset(Name=name))[0] == "EntityNotFoundException"
    assert code_of(lambda: glue.update_data_quality_ruleset(Name=name))[0] == "EntityNotFoundException"


def test_a_name_is_taken_once_and_a_client_token_makes_creating_repeatable(quality: QualityBench) -> None:
    glue, token = quality.glue, uuid.uuid4().hex
    request = {"Name": f"r-{token[:8]}", "Ruleset": "Rules = [ RowCount > 0 ]", "ClientToken": token}
    assert glue.create_data_quality_ruleset(**request) is not None
    assert glue.create_data_quality_ruleset(**request)["Name"] == request["Name"]
    without_token = {name: value for name, value in request.items() if name != "ClientToken"}
    assert code_of(lambda: glue.create_data_quality_ruleset(**without_token))[0] == "AlreadyExistsException"
    other = request | {"Ruleset": "Rules = [ RowCount > 1 ]"}
    assert code_of(lambda: glue.create_data_quality_ruleset(**other))[0] == "InvalidInputException"


INVALID = {
    "Rules = [ RowCount > ]": "Parsing Error: line 1:21 mismatched input ']'",
    'Rules = [\n  RowCount > 0\n  IsComplete "a"\n]': "line 3:2 mismatched input 'IsComplete'",
    "Rules = [ ]": "No rules or analyzers provided.",
    "Rule = [ RowCount > 0 ]": "line 1:9 mismatched input 'RowCount'",
    "Rules = [ RowCnt > 0 ]": "Rule Type: RowCnt is not valid",
    'Rules = [ IsComplete "a" > 1 ]': "Unexpected condition for rule of type IsComplete with boolean return type",
    'Rules = [ Completeness "a" ]': "Unexpected condition for rule of type Completeness with number return type",
    "Rules = [ RowCount > avg(last(10)) ]": "dynamic rules (avg(...)) are supported in AWS Glue ETL only",
    'Rules = [ DetectAnomalies "RowCount" ]': "DetectAnomalies is supported in AWS Glue ETL only",
    'Rules = [ FileFreshness "s3://b/" > "2024-01-01" ]': "FileFreshness is not served by the local AWS",
    'Rules = [ ColumnExists "a" where "b = 1" ]': "Where clause is not supported for rule type: ColumnExists",
    'Rules = [ Completeness "a" > 0.5 with threshold > 0.1 ]': "Threshold condition not supported",
    'Rules = [ RowCount > 0 ] Analyzers = [ IsComplete "a" ]': "Analyzer Type: IsComplete is not supported",
    "Rules = [ RowCount > $least ]": "Variable 'least' is not defined",
    "Rules = [ RowCount > 0 labels = [] ]": "Labels must have at least one label",
    'Rules = [ ColumnDataType "a" = "Date" with fromat = "dd-MM-yyyy" ]': "Tag fromat has no effect on rule type",
    'Rules = [ Variance "a" > 1 ]': "Variance is not served by the local AWS",
    "Metadata = { } Rules = [ RowCount > 0 ]": "Metadata section is not served by the local AWS",
    "Rules = [ RowCount > 0 ] extra": "line 1:25 mismatched input 'extra' expecting <EOF>",
    "Rules = [ RowCount > 0 ] ; drop": "line 1:25 token recognition error at: ';'",
}


@pytest.mark.parametrize("text", INVALID)
def test_a_text_that_is_no_ruleset_is_refused_with_its_position(quality: QualityBench, text: str) -> None:
    glue, name = quality.glue, f"r-{uuid.uuid4().hex[:8]}"
    code, message = code_of(lambda: glue.create_data_quality_ruleset(Name=name, Ruleset=text))
    assert (code, INVALID[text] in message) == ("InvalidInputException", True), message
    assert code_of(lambda: glue.get_data_quality_ruleset(Name=name))[0] == "EntityNotFoundException"


def test_a_wrong_update_changes_nothing(quality: QualityBench) -> None:
    name = quality.ruleset("Rules = [ RowCount > 0 ]")
    code, _ = code_of(lambda: quality.glue.update_data_quality_ruleset(Name=name, Ruleset="Rules = [ Rows ]"))
    assert code == "InvalidInputException"
    assert quality.glue.get_data_quality_ruleset(Name=name)["Ruleset"] == "Rules = [ RowCount > 0 ]"


def test_lists_come_in_pages(quality: QualityBench) -> None:
    for _ in range(3):
        quality.ruleset("Rules = [ RowCount > 0 ]")
    first = quality.glue.list_data_quality_rulesets(MaxResults=2)
    second = quality.glue.list_data_quality_rulesets(MaxResults=2, NextToken=first["NextToken"])
    names = [item["Name"] for item in first["Rulesets"] + second["Rulesets"]]
    assert len(set(names)) == len(names) > 2


# --- evaluation runs ------------------------------------------------------------------------------------------------


def test_a_run_and_its_result_have_the_shape_of_aws(quality: QualityBench, table: str) -> None:
    glue = quality.glue
    run_id = quality.start('RowCount = 3, IsComplete "name"', table, NumberOfWorkers=2, Timeout=60)
    run = quality.wait(run_id)
    assert (run["Status"], run["NumberOfWorkers"], run["Timeout"]) == ("SUCCEEDED", 2, 60)
    assert run["StartedOn"] <= run["CompletedOn"]
    assert run["ExecutionTime"] >= 1
    (ruleset,) = run["RulesetNames"]
    result = glue.get_data_quality_result(ResultId=run["ResultIds"][0])
    assert (result["RulesetName"], result["RulesetEvaluationRunId"]) == (ruleset, run_id)
    assert result["DataSource"] == quality.data_source(table)
    assert result["Score"] == 0.5
    first, second = result["RuleResults"]
    assert first == {
        "Name": "Rule_1",
        "Description": "RowCount = 3",
        "Result": "PASS",
        "EvaluatedMetrics": {"Dataset.*.RowCount": 3.0},
        "EvaluatedRule": "RowCount = 3",
    }
    assert second["EvaluationMessage"] == "Value: 0.6666666666666666 does not meet the constraint requirement!"
    assert second["EvaluatedMetrics"] == {"Column.name.Completeness": 2 / 3}
    batch = glue.batch_get_data_quality_result(ResultIds=[*run["ResultIds"], "dqresult-none"])
    assert [item["ResultId"] for item in batch["Results"]] == run["ResultIds"]
    assert batch["ResultsNotFound"] == ["dqresult-none"]
    several = glue.batch_get_data_quality_ruleset_evaluation_run(RunIds=[run_id, "dqrun-none"])
    assert ([item["RunId"] for item in several["Runs"]], several["RunsNotFound"]) == ([run_id], ["dqrun-none"])


def test_several_rulesets_have_a_result_each(quality: QualityBench, table: str) -> None:
    names = [quality.ruleset("Rules = [ RowCount = 3 ]"), quality.ruleset("Rules = [ RowCount = 4 ]")]
    started = quality.glue.start_data_quality_ruleset_evaluation_run(
        DataSource=quality.data_source(table), Role=quality.role, RulesetNames=names
    )
    run = quality.wait(started["RunId"])
    results = quality.glue.batch_get_data_quality_result(ResultIds=run["ResultIds"])["Results"]
    assert [(result["RulesetName"], result["Score"]) for result in results] == [(names[0], 1.0), (names[1], 0.0)]


def test_labels_and_analyzers_are_reported(quality: QualityBench, table: str) -> None:
    text = """
    # who looks at it
    DefaultLabels = [ "team" = "lake" ]
    Rules = [ RowCount > 0 labels = [ "level" = "error" ], IsComplete "id" ]
    Analyzers = [ Completeness "name", AllStatistics "id" ]
    """
    result = quality.evaluate(text, table)
    assert [rule["Labels"] for rule in result["RuleResults"]] == [
        {"team": "lake", "level": "error"},
        {"team": "lake"},
    ]
    first, second = result["AnalyzerResults"]
    assert first["EvaluatedMetrics"] == {"Column.name.Completeness": 2 / 3}
    assert second["EvaluatedMetrics"] == {
        "Dataset.*.RowCount": 3.0,
        "Column.id.Completeness": 1.0,
        "Column.id.Uniqueness": 1.0,
        "Column.id.Minimum": 1.0,
        "Column.id.Maximum": 3.0,
    }


def test_constants(quality: QualityBench, table: str) -> None:
    text = 'allowed = ["a", "b", NULL]\nRules = [ ColumnValues "name" in $allowed ]'
    assert [rule["Result"] for rule in quality.evaluate(text, table)["RuleResults"]] == ["PASS"]


def test_results_and_runs_are_listed_by_table(quality: QualityBench, table: str) -> None:
    run = quality.wait(quality.start("RowCount = 3", table))
    source = quality.data_source(table)
    runs = quality.glue.list_data_quality_ruleset_evaluation_runs(
        Filter={"DataSource": source, "RulesetName": run["RulesetNames"][0]}
    )["Runs"]
    assert [(item["RunId"], item["Status"]) for item in runs] == [(run["RunId"], "SUCCEEDED")]
    listed = quality.glue.list_data_quality_results(Filter={"DataSource": source})["Results"]
    assert listed[0]["ResultId"] == run["ResultIds"][0]
    assert quality.glue.list_data_quality_results(Filter={"JobName": "none"})["Results"] == []
    later = {"DataSource": source, "StartedAfter": time.time() + 60}
    assert quality.glue.list_data_quality_results(Filter=later)["Results"] == []


def test_a_client_token_starts_one_run(quality: QualityBench, table: str) -> None:
    token, name = uuid.uuid4().hex, quality.ruleset("Rules = [ RowCount = 3 ]")
    request = {"DataSource": quality.data_source(table), "Role": quality.role, "RulesetNames": [name]}
    start = quality.glue.start_data_quality_ruleset_evaluation_run
    assert start(ClientToken=token, **request)["RunId"] == start(ClientToken=token, **request)["RunId"]
    assert start(**request)["RunId"] != start(**request)["RunId"]
    code, _ = code_of(lambda: start(ClientToken=token, **(request | {"Timeout": 7})))
    assert code == "ConflictException"


def test_a_run_is_cancelled_while_it_reads(quality: QualityBench, wide: str) -> None:
    run_id = quality.start(SLOW, wide)
    assert quality.wait(run_id, {"RUNNING"})["Status"] == "RUNNING"
    quality.glue.cancel_data_quality_ruleset_evaluation_run(RunId=run_id)
    run = quality.wait(run_id)
    assert (run["Status"], "ResultIds" in run) == ("STOPPED", False)
    code, message = code_of(lambda: quality.glue.cancel_data_quality_ruleset_evaluation_run(RunId=run_id))
    assert (code, "terminal state STOPPED" in message) == ("InvalidInputException", True)


def test_a_run_that_waits_is_cancelled_at_once(quality: QualityBench, wide: str) -> None:
    runs = [quality.start(SLOW, wide) for _ in range(3)]
    quality.glue.cancel_data_quality_ruleset_evaluation_run(RunId=runs[2])
    assert quality.wait(runs[2])["Status"] == "STOPPED"
    for run_id in runs[:2]:
        quality.glue.cancel_data_quality_ruleset_evaluation_run(RunId=run_id)
    assert {quality.wait(run_id)["Status"] for run_id in runs} == {"STOPPED"}


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown rule set": ({"RulesetNames": ["none"]}, "EntityNotFoundException", "Data Quality Ruleset not found"),
    "no rule set": ({"RulesetNames": []}, "ValidationException", "greater than or equal to 1"),
    "eleven rule sets": ({"RulesetNames": [f"r{i}" for i in range(11)]}, "ValidationException", "less than or equal"),
    "no source": ({"DataSource": {}}, "InvalidInputException", "exactly one of"),
    "timeout of no time": ({"Timeout": 0}, "ValidationException", "'Timeout'"),
    "metrics": ({"AdditionalRunOptions": {"CloudWatchMetricsEnabled": True}}, "InvalidInputException", "not served"),
    "results": ({"AdditionalRunOptions": {"ResultsS3Prefix": "s3://b/"}}, "InvalidInputException", "not served"),
    "rows": ({"AdditionalRunOptions": {"CompositeRuleEvaluationMethod": "ROW"}}, "InvalidInputException", "not served"),
    "option of a source": (
        {"DataSource": {"GlueTable": {"DatabaseName": "d", "TableName": "t", "AdditionalOptions": {"x": "y"}}}},
        "InvalidInputException",
        "AdditionalOptions x are not served",
    ),
    "query before": (
        {"DataSource": {"DataQualityGlueTable": {"DatabaseName": "d", "TableName": "t", "PreProcessingQuery": "s"}}},
        "InvalidInputException",
        "PreProcessingQuery is not served",
    ),
    "other catalog": (
        {"DataSource": {"GlueTable": {"DatabaseName": "d", "TableName": "t", "CatalogId": "210987654321"}}},
        "InvalidInputException",
        "catalog 210987654321",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_at_once(quality: QualityBench, table: str, case: str) -> None:
    changes, code, message = REFUSED[case]
    request = {
        "DataSource": quality.data_source(table),
        "Role": quality.role,
        "RulesetNames": [quality.ruleset("Rules = [ RowCount > 0 ]")],
    }
    start = unvalidated(quality.workbench.aws.client("glue"), "StartDataQualityRulesetEvaluationRun")
    found = code_of(lambda: start(request | changes))
    assert (found[0], message in found[1]) == (code, True), found


def unvalidated(client: Any, operation: str) -> Any:
    """A call without botocore's own validation."""
    client._serializer = create_serializer("json", include_validation=False)
    return lambda request: client._make_api_call(operation, request)


def test_what_is_not_there(quality: QualityBench) -> None:
    glue = quality.glue
    for call in (
        lambda: glue.get_data_quality_ruleset_evaluation_run(RunId="dqrun-none"),
        lambda: glue.cancel_data_quality_ruleset_evaluation_run(RunId="dqrun-none"),
        lambda: glue.get_data_quality_result(ResultId="dqresult-none"),
        lambda: glue.get_data_quality_rule_recommendation_run(RunId="dqrun-none"),
    ):
        assert code_of(call)[0] == "EntityNotFoundException"


# --- what a run reads -----------------------------------------------------------------------------------------------

PARTITIONED: dict[str, str] = {"id": "bigint"}


@pytest.fixture(scope="module")
def days(quality: QualityBench) -> str:
    """A table with Athena's partition projection of which two partitions are registered."""
    projection = {
        "projection.enabled": "true",
        "projection.day.type": "date",
        "projection.day.range": "2020-01-01,2020-12-31",
        "projection.day.format": "yyyy-MM-dd",
    }
    table = quality.new_table(PARTITIONED, {"day": "string", "run": "int"}, Parameters=projection)
    for day, run, ids in (("2020-01-01", 1, [1, 2]), ("2020-01-02", 2, [3, 4, 5])):
        location = quality.put(table, pa.table({"id": pa.array(ids, pa.int64())}), f"day={day}/run={run}/")
        quality.add_partition(table, [day, str(run)], location)
    quality.put(table, pa.table({"id": pa.array([6], pa.int64())}), "day=2020-01-03/run=3/")
    return table


def row_count(quality: QualityBench, table: str, **options: str) -> float:
    run = quality.start("RowCount > 0", table, DataSource=quality.data_source(table, **options))
    (result_id,) = quality.wait(run)["ResultIds"]
    (rule,) = quality.glue.get_data_quality_result(ResultId=result_id)["RuleResults"]
    return float(rule["EvaluatedMetrics"]["Dataset.*.RowCount"])


def test_only_registered_partitions_are_read(quality: QualityBench, days: str) -> None:
    assert row_count(quality, days) == 5


def test_a_projected_table_without_registered_partitions_has_no_rows(quality: QualityBench) -> None:
    projection = {
        "projection.enabled": "true",
        "projection.day.type": "enum",
        "projection.day.values": "2020-01-01",
    }
    table = quality.new_table(PARTITIONED, {"day": "string"}, Parameters=projection)
    quality.put(table, pa.table({"id": pa.array([1], pa.int64())}), "day=2020-01-01/")
    assert quality.verdicts(["RowCount = 0", 'IsComplete "id"', 'ColumnValues "id" > 0'], table) == [
        "PASS",
        "FAIL",
        "FAIL",
    ]


def test_predicates_choose_partitions(quality: QualityBench, days: str) -> None:
    assert row_count(quality, days, catalogPartitionPredicate="day = '2020-01-01' and run = 1") == 2
    assert row_count(quality, days, pushDownPredicate="day = '2020-01-02'") == 3
    assert row_count(quality, days, pushDownPredicate='day = "2020-01-02"') == 3
    assert row_count(quality, days, catalogPartitionPredicate="run > 1", pushDownPredicate="day < '2020-01-02'") == 0


def test_a_predicate_over_other_columns_fails_the_run(quality: QualityBench, days: str) -> None:
    source = quality.data_source(days, pushDownPredicate="id = 1")
    message = quality.refusal(quality.start("RowCount > 0", days, DataSource=source))
    assert "can not be resolved against partition columns: [day, run]" in message


def test_a_table_that_is_not_there_fails_the_run(quality: QualityBench, table: str) -> None:
    source = quality.data_source("nothing")
    message = quality.refusal(quality.start("RowCount > 0", table, DataSource=source))
    assert message == "EntityNotFoundException: Table nothing not found."


def test_files_that_are_no_parquet_fail_the_run(quality: QualityBench) -> None:
    table = quality.new_table(PARTITIONED)
    quality.workbench.put(f"{table}/broken.parquet", b"no parquet at all")
    assert "broken.parquet" in quality.refusal(quality.start("RowCount > 0", table))


def test_the_actual_name_of_a_table_may_be_used(quality: QualityBench, table: str, days: str) -> None:
    other = f"{quality.database}.{days}"
    rules = [
        f'CustomSql "select count(*) from {other}" = 5',
        f'ReferentialIntegrity "id" "{other}.id" = 1.0',
        f'RowCountMatch "{other}" = 0.6',
        'RowCountMatch "nowhere.nothing" = 1.0',
    ]
    assert quality.verdicts(rules, table) == ["PASS", "PASS", "PASS", "FAIL"]
