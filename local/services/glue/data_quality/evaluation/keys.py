"""IsComplete, IsUnique and IsPrimaryKey: measures that must be 1."""

from __future__ import annotations

import datetime as dt

from local.services.glue.data_quality.dqdl.rules import Rule
from local.services.glue.data_quality.evaluation import statistics
from local.services.glue.data_quality.evaluation.datasets import Database
from local.services.glue.data_quality.evaluation.outcomes import Outcome, from_complaints, unmet


def is_complete(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    """No value is NULL."""
    name, ratio = statistics.completeness(database, rule.columns, rule.where)
    return from_complaints([] if ratio == 1.0 else [unmet(ratio)], {name: ratio})


def is_unique(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    """Every value occurs exactly once; NULL is no value."""
    name, ratio = statistics.uniqueness(database, rule.columns, rule.where)
    return from_complaints([] if ratio == 1.0 else [unmet(ratio)], {name: ratio})


def is_primary_key(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    """The columns together are unique, and each is complete."""
    name, ratio = statistics.uniqueness(database, rule.columns, rule.where)
    metrics = {name: ratio}
    for column in rule.columns:
        measure, value = statistics.completeness(database, [column], rule.where)
        metrics[measure] = value
    return from_complaints([unmet(value) for value in metrics.values() if value != 1.0], metrics)
