"""What only the services know: the workgroup of a query, the id in a warehouse's ARN, the owner of a statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.identity import ACCOUNT_ID

_REGION = "us-east-1"


def conditions(action: str, parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """Condition keys whose values depend on the request."""
    if action == "cloudwatch:PutMetricData" and parameters.get("Namespace"):
        return {"cloudwatch:namespace": [str(parameters["Namespace"])]}
    if action in _OWN_STATEMENTS and parameters.get("Id"):
        owner = _statement_owner(str(parameters["Id"]))
        return {"redshift-data:statement-owner-iam-userid": [owner]} if owner else {}
    return {}


_OWN_STATEMENTS = frozenset(
    f"redshift-data:{name}" for name in ("CancelStatement", "DescribeStatement", "GetStatementResult")
)


def iam_arn(kind: str, name: str) -> str:
    """ARN of a role, user or policy by its name; its path is IAM's to know."""
    if name.startswith("arn:"):
        return name
    from moto.iam.models import iam_backends

    iam = iam_backends[ACCOUNT_ID]["aws"]
    entities: list[Any] = []
    if kind in ("role", "user"):
        entities = list((iam.roles if kind == "role" else iam.users).values())
    for entity in entities:
        if entity.name == name:
            return str(entity.arn)
    return f"arn:aws:iam::{ACCOUNT_ID}:{kind}/{name}"


def secret_arn(name: str) -> str:
    """ARN of a secret; AWS adds six characters to its name that only it knows."""
    if name.startswith("arn:"):
        return name
    from moto.secretsmanager.models import secretsmanager_backends

    known = secretsmanager_backends[ACCOUNT_ID][_REGION].secrets
    found = known.get(name)
    return str(found.arn) if found is not None else f"arn:aws:secretsmanager:{_REGION}:{ACCOUNT_ID}:secret:{name}"


def workgroup_arn(name: str) -> str:
    """ARN of a Redshift Serverless workgroup: it ends in the workgroup's id."""
    return name if name.startswith("arn:") else _serverless("workgroup", name)


def namespace_arn(name: str) -> str:
    """ARN of a Redshift Serverless namespace."""
    return name if name.startswith("arn:") else _serverless("namespace", name)


def _serverless(kind: str, name: str) -> str:
    from local.services.redshift import running

    found = running.arn(kind, name)
    return found or f"arn:aws:redshift-serverless:{_REGION}:{ACCOUNT_ID}:{kind}/{name}"


def _statement_owner(statement_id: str) -> str | None:
    from local.services.iam import principals
    from local.services.redshift import running

    arn = running.statement_owner(statement_id)
    return principals.principal_of(principals.caller_with(arn)).userid if arn else None


def _workgroup_of_statement(parameters: Mapping[str, Any]) -> list[str]:
    from local.services.redshift import running

    if parameters.get("WorkgroupName"):
        return [workgroup_arn(str(parameters["WorkgroupName"]))]
    kept = running.session_workgroup(str(parameters.get("SessionId") or ""))
    return [workgroup_arn(kept)] if kept else ["*"]


def _workgroups_of_queries(parameters: Mapping[str, Any]) -> list[str]:
    from moto.athena.models import athena_backends

    backend: Any = athena_backends[ACCOUNT_ID][_REGION]
    ids = parameters.get("QueryExecutionIds") or [parameters.get("QueryExecutionId")]
    found = {backend.executions[item].workgroup for item in ids if item in backend.executions}
    # Athena answers about an unknown query as about one of another workgroup.
    return [_athena_workgroup(name) for name in sorted(found)] or [_athena_workgroup("primary")]


def _workgroup_of_named_query(parameters: Mapping[str, Any]) -> list[str]:
    from moto.athena.models import athena_backends

    query = athena_backends[ACCOUNT_ID][_REGION].named_queries.get(str(parameters.get("NamedQueryId")))
    return [_athena_workgroup(query.workgroup.name if query is not None else "primary")]


def _workgroup_or_primary(parameters: Mapping[str, Any]) -> list[str]:
    return [_athena_workgroup(str(parameters.get("WorkGroup") or "primary"))]


def _athena_workgroup(name: str) -> str:
    return f"arn:aws:athena:{_REGION}:{ACCOUNT_ID}:workgroup/{name}"


def _data_quality_rulesets(parameters: Mapping[str, Any]) -> list[str]:
    """Runs and results are guarded by the rule sets they evaluate; recommendations, and unknown ones, by any."""
    from moto.glue.models import glue_backends

    backend = glue_backends[ACCOUNT_ID][_REGION]
    # Names are in the request, or those of the runs and results that it names.
    runs, results = getattr(backend, "evaluation_runs", {}), getattr(backend, "data_quality_results", {})
    names = {str(parameters["Name"])} if parameters.get("Name") else set(parameters.get("RulesetNames") or ())
    for run_id in parameters.get("RunIds") or [parameters.get("RunId")]:
        names |= set(runs[run_id].texts) if run_id in runs else set()
    for result_id in parameters.get("ResultIds") or [parameters.get("ResultId")]:
        names |= {results[result_id].ruleset} if result_id in results else set()
    return [f"arn:aws:glue:{_REGION}:{ACCOUNT_ID}:dataQualityRuleset/{name}" for name in sorted(names) or ["*"]]


FOR_OPERATION: dict[tuple[str, str], Callable[[Mapping[str, Any]], list[str]]] = {
    **{
        ("athena", name): _workgroups_of_queries
        for name in (
            "BatchGetQueryExecution",
            "GetQueryExecution",
            "GetQueryResults",
            "GetQueryRuntimeStatistics",
            "StopQueryExecution",
        )
    },
    **{("athena", name): _workgroup_of_named_query for name in ("DeleteNamedQuery", "GetNamedQuery")},
    **{
        ("athena", name): _workgroup_or_primary
        for name in ("CreateNamedQuery", "ListNamedQueries", "ListQueryExecutions", "StartQueryExecution")
    },
    **{
        (prefix, name): _workgroup_of_statement
        for prefix in ("redshift-data", "redshift-serverless")
        for name in (
            "BatchExecuteStatement",
            "DescribeTable",
            "ExecuteStatement",
            "ListDatabases",
            "ListSchemas",
            "ListTables",
        )
    },
    **{
        ("glue", name): _data_quality_rulesets
        for name in (
            "BatchGetDataQualityResult",
            "BatchGetDataQualityRulesetEvaluationRun",
            "CancelDataQualityRuleRecommendationRun",
            "CancelDataQualityRulesetEvaluationRun",
            "DeleteDataQualityRuleset",
            "GetDataQualityResult",
            "GetDataQualityRuleRecommendationRun",
            "GetDataQualityRuleset",
            "GetDataQualityRulesetEvaluationRun",
            "ListDataQualityResults",
            "ListDataQualityRuleRecommendationRuns",
            "ListDataQualityRulesetEvaluationRuns",
            "ListDataQualityRulesets",
            "StartDataQualityRuleRecommendationRun",
            "StartDataQualityRulesetEvaluationRun",
            "UpdateDataQualityRuleset",
        )
    },
}
