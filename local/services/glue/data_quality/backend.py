"""Rule sets, runs and results: the state behind the data quality part of the Glue API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from moto.glue.models import GlueBackend

from local.errors import AwsError
from local.services.glue import engines
from local.services.glue.data_quality.dqdl.errors import DqdlError
from local.services.glue.data_quality.dqdl.parser import parse
from local.services.glue.data_quality.records import (
    FAILED,
    EvaluationRun,
    RecommendationRun,
    Result,
    Run,
    StoredRuleset,
    new_id,
    now,
)
from local.services.glue.data_quality.requests import check_data_source, check_run_options
from local.services.glue.refusals import already_exists, invalid, not_found

INTERRUPTED = "The local AWS was stopped while this run read its table. Start it again."

RunKind = TypeVar("RunKind", bound=Run)


class DataQualityBackend(GlueBackend):
    """moto's Glue with rule sets that are evaluated."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.rulesets: dict[str, StoredRuleset] = {}
        self.evaluation_runs: dict[str, EvaluationRun] = {}
        self.recommendation_runs: dict[str, RecommendationRun] = {}
        self.data_quality_results: dict[str, Result] = {}
        # Operation and ClientToken -> request and answer
        self.data_quality_tokens: dict[tuple[str, str], tuple[dict[str, Any], str]] = {}

    # Rule sets

    def create_ruleset(self, request: Mapping[str, Any]) -> str:
        """:raises AwsError: the name is taken, or the text is no rule set"""
        return self._once("CreateDataQualityRuleset", request, lambda: self._create_ruleset(request))

    def _create_ruleset(self, request: Mapping[str, Any], recommendation_run: str | None = None) -> str:
        name = str(request["Name"])
        count = _rule_count(request["Ruleset"])
        if name in self.rulesets:
            raise already_exists(f"Another ruleset with the same name already exists: {name}")
        self.rulesets[name] = StoredRuleset(
            name,
            request["Ruleset"],
            count,
            request.get("Description") or "",
            request.get("TargetTable"),
            request.get("DataQualitySecurityConfiguration"),
            recommendation_run,
        )
        self.tag_resource(self.ruleset_arn(name), request.get("Tags"))
        return name

    def ruleset_arn(self, name: str) -> str:
        return f"arn:aws:glue:{self.region_name}:{self.account_id}:dataQualityRuleset/{name}"

    def ruleset(self, name: str) -> StoredRuleset:
        """:raises AwsError: no such rule set"""
        found = self.rulesets.get(name)
        if found is None:
            raise not_found(f"Data Quality Ruleset not found: {name}")
        return found

    def update_ruleset(self, request: Mapping[str, Any]) -> StoredRuleset:
        """:raises AwsError: no such rule set, or the text is none"""
        found = self.ruleset(request["Name"])
        if request.get("Ruleset") is not None:
            found.rule_count = _rule_count(request["Ruleset"])
            found.text = request["Ruleset"]
        if request.get("Description") is not None:
            found.description = request["Description"]
        found.last_modified_on = now()
        return found

    def delete_ruleset(self, name: str) -> None:
        """:raises AwsError: no such rule set"""
        self.ruleset(name)
        del self.rulesets[name]
        self.tagger.delete_all_tags_for_resource(self.ruleset_arn(name))

    # Runs

    def start_evaluation(self, request: Mapping[str, Any]) -> str:
        """:raises AwsError: no such rule set, or something that is not served"""
        return self._once("StartDataQualityRulesetEvaluationRun", request, lambda: self._start_evaluation(request))

    def _start_evaluation(self, request: Mapping[str, Any]) -> str:
        check_data_source(request["DataSource"], "DataSource")
        for alias, source in (request.get("AdditionalDataSources") or {}).items():
            check_data_source(source, f"AdditionalDataSources.{alias}")
        check_run_options(request.get("AdditionalRunOptions") or {})
        names = request["RulesetNames"]
        if len(set(names)) < len(names):
            raise invalid("RulesetNames must not name a ruleset twice.")
        texts = {name: self.ruleset(name).text for name in names}
        run = EvaluationRun(new_id("dqrun"), dict(request), texts=texts)
        self.evaluation_runs[run.id] = run
        engines.data_quality_engine().evaluate(run, self._publish)
        return run.id

    def _publish(self, result: Result) -> None:
        self.data_quality_results[result.id] = result

    def start_recommendation(self, request: Mapping[str, Any]) -> str:
        """:raises AwsError: something that is not served, or the name of the rule set to make is taken"""
        return self._once("StartDataQualityRuleRecommendationRun", request, lambda: self._start_recommendation(request))

    def _start_recommendation(self, request: Mapping[str, Any]) -> str:
        check_data_source(request["DataSource"], "DataSource")
        for name in ("AdditionalRunOptions", "RecommendationMode"):
            if request.get(name):
                raise invalid(f"{name} is not served by the local AWS.")
        created = request.get("CreatedRulesetName")
        if created in self.rulesets:
            raise invalid(f"Another ruleset with the same name already exists: {created}")
        run = RecommendationRun(new_id("dqrun"), dict(request))
        self.recommendation_runs[run.id] = run

        def create(text: str) -> None:
            if created is not None:
                table = (request["DataSource"].get("GlueTable") or request["DataSource"]["DataQualityGlueTable"]).copy()
                table.pop("AdditionalOptions", None)
                self._create_ruleset({"Name": created, "Ruleset": text, "TargetTable": table}, run.id)

        engines.data_quality_engine().recommend(run, create)
        return run.id

    def evaluation_run(self, run_id: str) -> EvaluationRun:
        """:raises AwsError: no such run"""
        return _known(self.evaluation_runs, run_id)

    def recommendation_run(self, run_id: str) -> RecommendationRun:
        """:raises AwsError: no such run"""
        return _known(self.recommendation_runs, run_id)

    def cancel(self, run: Run) -> None:
        """:raises AwsError: it has ended"""
        if run.ended:
            raise invalid(f"Run {run.id} is in the terminal state {run.status} and cannot be cancelled.")
        engines.data_quality_engine().stop(run)

    def result(self, result_id: str) -> Result:
        """:raises AwsError: no such result"""
        found = self.data_quality_results.get(result_id)
        if found is None:
            raise not_found(f"Data quality result {result_id} not found.")
        return found

    def fail_interrupted_data_quality_runs(self) -> None:
        """After a restart: whatever was going on ended with the old process."""
        for run in [*self.evaluation_runs.values(), *self.recommendation_runs.values()]:
            run.change(FAILED, INTERRUPTED)

    def _once(self, operation: str, request: Mapping[str, Any], act: Callable[[], str]) -> str:
        """Do what a request asks; the same request with the same ClientToken again gives the same answer."""
        token = request.get("ClientToken")
        if not token:
            return act()
        known = self.data_quality_tokens.get((operation, token))
        if known is not None:
            if known[0] != dict(request):
                code = "ConflictException" if operation.startswith("Start") else "InvalidInputException"
                raise AwsError(code, f"ClientToken {token} was used for a request with other parameters.")
            return known[1]
        answer = act()
        self.data_quality_tokens[operation, token] = (dict(request), answer)
        return answer


def _rule_count(text: str) -> int:
    """:raises AwsError: not a rule set"""
    try:
        return len(parse(text).rules)
    except DqdlError as error:
        raise invalid(str(error)) from error


def _known(runs: Mapping[str, RunKind], run_id: str) -> RunKind:
    found = runs.get(run_id)
    if found is None:
        raise not_found(f"Run {run_id} not found.")
    return found
