"""The data quality part of the Glue API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.responses import GlueResponse

from local.services.glue.data_quality.backend import DataQualityBackend
from local.services.glue.data_quality.records import Run
from local.services.glue.data_quality.requests import check_shape
from local.services.glue.pages import page

# Member of a filter -> member of the listed item, and whether it must be later.
_MOMENTS = {
    "CreatedBefore": ("CreatedOn", False),
    "CreatedAfter": ("CreatedOn", True),
    "LastModifiedBefore": ("LastModifiedOn", False),
    "LastModifiedAfter": ("LastModifiedOn", True),
    "StartedBefore": ("StartedOn", False),
    "StartedAfter": ("StartedOn", True),
}


class DataQualityResponse(GlueResponse):
    """Requests about rule sets, runs and results."""

    @property
    def data_quality(self) -> DataQualityBackend:
        backend = self.glue_backend
        assert isinstance(backend, DataQualityBackend)
        return backend

    def _checked(self) -> Mapping[str, Any]:
        """The request's parameters.

        :raises AwsError: they do not fit the operation
        """
        parameters: Mapping[str, Any] = self.parameters
        check_shape(self._get_action(), parameters)
        return parameters

    def create_data_quality_ruleset(self) -> ActionResult:
        return ActionResult({"Name": self.data_quality.create_ruleset(self._checked())})

    def get_data_quality_ruleset(self) -> ActionResult:
        return ActionResult(self.data_quality.ruleset(self._checked()["Name"]).described())

    def update_data_quality_ruleset(self) -> ActionResult:
        found = self.data_quality.update_ruleset(self._checked())
        return ActionResult({"Name": found.name, "Description": found.description, "Ruleset": found.text})

    def delete_data_quality_ruleset(self) -> ActionResult:
        self.data_quality.delete_ruleset(self._checked()["Name"])
        return EmptyResult()

    def list_data_quality_rulesets(self) -> ActionResult:
        tags = self._checked().get("Tags") or {}
        backend = self.data_quality
        listed = [
            ruleset.listed()
            for ruleset in sorted(backend.rulesets.values(), key=lambda ruleset: ruleset.name)
            if tags.items() <= backend.get_tags(backend.ruleset_arn(ruleset.name)).items()
        ]
        return self._listed("Rulesets", listed)

    def start_data_quality_ruleset_evaluation_run(self) -> ActionResult:
        return ActionResult({"RunId": self.data_quality.start_evaluation(self._checked())})

    def get_data_quality_ruleset_evaluation_run(self) -> ActionResult:
        return ActionResult(self.data_quality.evaluation_run(self._checked()["RunId"]).described())

    def batch_get_data_quality_ruleset_evaluation_run(self) -> ActionResult:
        wanted, known = self._checked()["RunIds"], self.data_quality.evaluation_runs
        found = {"Runs": [known[run].described() for run in wanted if run in known]}
        return ActionResult(found | {"RunsNotFound": [run for run in wanted if run not in known]})

    def list_data_quality_ruleset_evaluation_runs(self) -> ActionResult:
        wanted = (self._checked().get("Filter") or {}).get("RulesetName")
        runs = self.data_quality.evaluation_runs.values()
        return self._listed("Runs", _newest([run for run in runs if wanted is None or wanted in run.texts]))

    def cancel_data_quality_ruleset_evaluation_run(self) -> ActionResult:
        self.data_quality.cancel(self.data_quality.evaluation_run(self._checked()["RunId"]))
        return EmptyResult()

    def get_data_quality_result(self) -> ActionResult:
        return ActionResult(self.data_quality.result(self._checked()["ResultId"]).described())

    def batch_get_data_quality_result(self) -> ActionResult:
        wanted, known = self._checked()["ResultIds"], self.data_quality.data_quality_results
        found = {"Results": [known[item].described() for item in wanted if item in known]}
        return ActionResult(found | {"ResultsNotFound": [item for item in wanted if item not in known]})

    def list_data_quality_results(self) -> ActionResult:
        self._checked()
        results = self.data_quality.data_quality_results.values()
        return self._listed("Results", [result.listed() for result in reversed(results)])

    def start_data_quality_rule_recommendation_run(self) -> ActionResult:
        return ActionResult({"RunId": self.data_quality.start_recommendation(self._checked())})

    def get_data_quality_rule_recommendation_run(self) -> ActionResult:
        return ActionResult(self.data_quality.recommendation_run(self._checked()["RunId"]).described())

    def list_data_quality_rule_recommendation_runs(self) -> ActionResult:
        self._checked()
        return self._listed("Runs", _newest(list(self.data_quality.recommendation_runs.values())))

    def cancel_data_quality_rule_recommendation_run(self) -> ActionResult:
        self.data_quality.cancel(self.data_quality.recommendation_run(self._checked()["RunId"]))
        return EmptyResult()

    def _listed(self, member: str, items: list[dict[str, Any]]) -> ActionResult:
        wanted = self.parameters.get("Filter") or {}
        matching = [item for item in items if _matches(item, wanted)]
        chosen, token = page(matching, self.parameters.get("NextToken"), self.parameters.get("MaxResults"))
        return ActionResult({member: chosen, "NextToken": token})


def _newest(runs: list[Any]) -> list[dict[str, Any]]:
    found: list[Run] = list(reversed(runs))
    return [run.listed() for run in found]


def _matches(item: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    for name, value in wanted.items():
        if name in _MOMENTS:
            member, later = _MOMENTS[name]
            moment = datetime.fromtimestamp(float(value), UTC)
            if (item[member] <= moment) if later else (item[member] >= moment):
                return False
        elif name in ("DataSource", "TargetTable", "Name", "Description"):
            if not _same(item.get(name), value):
                return False
        elif name != "RulesetName":
            # JobName, JobRunId and what else only results of ETL jobs have.
            return False
    return True


def _same(found: Any, wanted: Any) -> bool:
    """Whether an item has what the filter names; a filter by table need not name its options."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(_same(found.get(name), value) for name, value in wanted.items())
    return bool(found == wanted)
