"""What AWS Glue Data Quality found, as checks of the day: its rules have no severity, the contract's have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lake.settings import LakeSettings

ENGINE = "glue_data_quality"  # in the quality history
# "Result" of a rule: PASS, FAIL, or ERROR when it could not be evaluated (Glue API reference, DataQualityRuleResult).
_SUCCESS = {"PASS": True, "FAIL": False}


class RuleSetMismatchError(Exception):
    """Glue evaluated another rule set than the contract's."""


def rule_set_name(product: str, lake: LakeSettings) -> str:
    """Return the name that ``mwaa/cloudformation/products.yaml`` gives to a contract's rule set.

    :param product: data product
    :param lake: environment
    """
    return lake.name(product.replace("_", "-"))


def checks_of_rule_set(glue: Any, evaluation_run: str, rules: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the results of an evaluation run as checks in the layout of the job's result.

    Without a result every rule is one that could not be evaluated, which blocks the day.

    :param glue: boto3 Glue client
    :param evaluation_run: id of the run; it has ended. Empty: there was none
    :param rules: ``dqdl`` of the compiled contract, in the order of the rule set
    :raises RuleSetMismatchError: if the evaluated rule set is not the contract's
    """
    if not evaluation_run:
        return [_check(rule, {"EvaluationMessage": "no evaluation run"}) for rule in rules]
    run = glue.get_data_quality_ruleset_evaluation_run(RunId=evaluation_run)
    results = run.get("ResultIds", [])
    if len(results) != 1:
        message = f"run {evaluation_run} is {run['Status']} and has {len(results)} results"
        return [_check(rule, {"EvaluationMessage": message}) for rule in rules]
    found = glue.get_data_quality_result(ResultId=results[0])["RuleResults"]
    if len(found) != len(rules):
        raise RuleSetMismatchError(
            f"Glue evaluated {len(found)} rules in run {evaluation_run}, the contract has {len(rules)}: deploy "
            "mwaa/cloudformation/products.yaml together with the contracts."
        )
    return [_check(rule, seen) for rule, seen in zip(rules, found, strict=True)]


def _check(rule: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
    observed = seen.get("EvaluationMessage") or seen.get("EvaluatedMetrics") or seen["Result"]
    return {
        "id": rule["id"],
        "name": rule["name"],
        "severity": rule["severity"],
        "dimension": rule["dimension"],
        "success": _SUCCESS.get(seen.get("Result", "")),
        "observed": str(observed),
        "expected": rule["rule"],
        "engine": ENGINE,
    }
