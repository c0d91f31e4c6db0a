"""Which rules there are, what they take and what they are compared with.

Source: ``rules-config.json`` of github.com/awslabs/dqdl and "DQDL rule type reference" of the AWS Glue documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from local.services.glue.data_quality.dqdl.conditions import DATE, DURATION, NUMBER, STRING
from local.services.glue.data_quality.dqdl.errors import DqdlError

# A rule of this kind takes no condition.
BOOLEAN = "boolean"


@dataclass(frozen=True)
class RuleType:
    """:param returns: kinds of condition it takes.
    :param least: fewest parameters. :param most: most parameters; None = any number.
    :param as_analyzer: whether its measure may stand in the Analyzers section.
    """

    returns: tuple[str, ...]
    least: int = 1
    most: int | None = 1
    where: bool = True
    threshold: bool = False
    as_analyzer: bool = False
    as_rule: bool = True


_MEASURE = RuleType((NUMBER,), as_analyzer=True)

RULE_TYPES: dict[str, RuleType] = {
    "AggregateMatch": RuleType((NUMBER,), 2, 2, where=False),
    "AllStatistics": RuleType((NUMBER,), where=False, as_analyzer=True, as_rule=False),
    "ColumnCorrelation": RuleType((NUMBER,), 2, 2, as_analyzer=True),
    "ColumnCount": RuleType((NUMBER,), 0, 0, where=False, as_analyzer=True),
    "ColumnDataType": RuleType((STRING,), threshold=True),
    "ColumnExists": RuleType((BOOLEAN,), where=False),
    "ColumnLength": _MEASURE,
    "ColumnNamesMatchPattern": RuleType((BOOLEAN,), where=False),
    "ColumnValues": RuleType((STRING, NUMBER, DATE), threshold=True, as_analyzer=True),
    "Completeness": _MEASURE,
    "CustomSql": RuleType((NUMBER, BOOLEAN), where=False, threshold=True),
    "DataFreshness": RuleType((DURATION,)),
    "DatasetMatch": RuleType((NUMBER,), 2, 3, where=False),
    "DistinctValuesCount": _MEASURE,
    "Entropy": _MEASURE,
    "IsComplete": RuleType((BOOLEAN,)),
    "IsPrimaryKey": RuleType((BOOLEAN,), 1, None),
    "IsUnique": RuleType((BOOLEAN,), 1, None),
    "Mean": _MEASURE,
    "ReferentialIntegrity": RuleType((NUMBER,), 2, 2, where=False),
    "RowCount": RuleType((NUMBER,), 0, 0, as_analyzer=True),
    "RowCountMatch": RuleType((NUMBER,), where=False),
    "SchemaMatch": RuleType((NUMBER,), where=False),
    "StandardDeviation": _MEASURE,
    "Sum": _MEASURE,
    "UniqueValueRatio": _MEASURE,
    "Uniqueness": RuleType((NUMBER,), 1, None, as_analyzer=True),
}

_ELSEWHERE = {
    "DetectAnomalies": "is supported in AWS Glue ETL only",
    "FileFreshness": "is not served by the local AWS",
    "FileMatch": "is not served by the local AWS",
    "FileSize": "is not served by the local AWS",
    "FileUniqueness": "is not served by the local AWS",
    "Variance": "is not served by the local AWS",
}


def rule_type(name: str, parameters: Sequence[object]) -> RuleType:
    """:param parameters: those that the rule has.
    :raises DqdlError: no such rule, or another number of parameters.
    """
    if name in _ELSEWHERE:
        raise DqdlError(f"Rule Type: {name} {_ELSEWHERE[name]}")
    known = RULE_TYPES.get(name)
    if known is None or not _fits(known, parameters):
        raise DqdlError(f"Rule Type: {name} is not valid")
    if not known.as_rule:
        raise DqdlError(f"Analyzer Type: {name} is not supported in rules section")
    return known


def check_analyzer(name: str, parameters: Sequence[object]) -> None:
    """:raises DqdlError: no such analyzer, or another number of parameters."""
    known = RULE_TYPES.get(name)
    if known is None or not _fits(known, parameters):
        raise DqdlError(f"Analyzer Type: {name} is not valid")
    if not known.as_analyzer:
        raise DqdlError(f"Analyzer Type: {name} is not supported")


def _fits(known: RuleType, parameters: Sequence[object]) -> bool:
    return known.least <= len(parameters) and (known.most is None or len(parameters) <= known.most)
