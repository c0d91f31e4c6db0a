"""What AWS Glue Data Quality found, as checks of the day: its rules have no severity, the contract's have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# "Result" of a rule: PASS, FAIL, or ERROR when it could not be evaluated (Glue API reference, DataQualityRuleResult).
_SUCCESS = {"PASS": True, "FAIL": False}


class RuleSetMismatchError(Exception):
    """Glue evaluated another rule set than the contract's."""


def checks_of_rule_set(glue: Any, evaluation_run: str, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the results of an evaluation run as checks in the layout of the job's result.

    :param glue: boto3 Glue client
    :param evaluation_run: id of the run; it has ended
    :param rules: ``dqdl`` of the compiled contract, in the order of the rule set
    :raises RuleSetMismatchError: if the deployed rule set is not the contract's
    """
    run = glue.get_data_quality_ruleset_evaluation_run(RunId=evaluation_run)
    (result_id,) = run["ResultIds"]
    found = glue.get_data_quality_result(ResultId=result_id)["RuleResults"]
    if len(found) != len(rules):
        raise RuleSetMismatchError(
            f"Glue evaluated {len(found)} rules, the contract has {len(rules)}: deploy "
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
        "success": _SUCCESS.get(seen["Result"]),
        "observed": str(observed),
        "expected": rule["rule"],
        "engine": "glue_data_quality",
    }
