"""What a request may hold: the API's own constraints, and what the local AWS serves of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from local.errors import AwsError
from local.identity import ACCOUNT_ID
from local.services.glue.data_quality.sources import CATALOG_PREDICATE, PUSH_DOWN_PREDICATE
from local.services.glue.refusals import invalid
from local.services.shape_check import violations

_OPTIONS_WITHOUT_EFFECT = {"CloudWatchMetricsEnabled": False, "CompositeRuleEvaluationMethod": "COLUMN"}


@cache
def _model() -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model("glue")


def check_shape(operation: str, parameters: Mapping[str, Any]) -> None:
    """Refuse what does not fit the operation's input.

    :raises AwsError: ValidationException, as Glue answers.
    """
    found = list(violations(_model().operation_model(operation).input_shape, dict(parameters)))
    if found:
        plural = "s" if len(found) > 1 else ""
        raise AwsError("ValidationException", f"{len(found)} validation error{plural} detected: {'; '.join(found)}")


def check_data_source(source: Mapping[str, Any], what: str) -> None:
    """:param what: name of the member.
    :raises AwsError: not one table that the local AWS reads.
    """
    tables = [source[name] for name in ("GlueTable", "DataQualityGlueTable") if source.get(name)]
    if len(tables) != 1:
        raise invalid(f"{what} must have exactly one of GlueTable and DataQualityGlueTable.")
    (table,) = tables
    for name in ("ConnectionName", "PreProcessingQuery"):
        if table.get(name):
            raise invalid(f"{what}: {name} is not served by the local AWS.")
    if table.get("CatalogId") not in (None, ACCOUNT_ID):
        raise invalid(f"{what}: catalog {table['CatalogId']} is not served by the local AWS.")
    unknown = sorted(set(table.get("AdditionalOptions") or {}) - {CATALOG_PREDICATE, PUSH_DOWN_PREDICATE})
    if unknown:
        raise invalid(f"{what}: AdditionalOptions {', '.join(unknown)} are not served by the local AWS.")


def check_run_options(options: Mapping[str, Any]) -> None:
    """:raises AwsError: an option that would have no effect here."""
    for name, value in options.items():
        if name not in _OPTIONS_WITHOUT_EFFECT or value != _OPTIONS_WITHOUT_EFFECT[name]:
            raise invalid(f"AdditionalRunOptions: {name} = {value} is not served by the local AWS.")
