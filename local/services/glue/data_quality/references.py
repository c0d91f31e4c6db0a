"""Tables that rules name as ``database.table`` without an AdditionalDataSource, which the Data Catalog allows."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from local.services.glue.data_quality.dqdl.rules import Composite, Rule, Ruleset
from local.services.glue.data_quality.evaluation import spark_sql


def implicit_sources(rulesets: Iterable[Ruleset], known: Container[str]) -> set[tuple[str, str]]:
    """:param known: aliases that have a data source.
    :returns: database and table, in lower case.
    """
    names = {name for ruleset in rulesets for rule in ruleset.rules for name in _names(rule)}
    return {(name.split(".")[0], name.split(".")[1]) for name in names if name.count(".") == 1 and name not in known}


def _names(rule: Rule | Composite) -> Iterator[str]:
    if isinstance(rule, Composite):
        for part in rule.leaves():
            yield from _names(part)
        return
    parameters = rule.columns
    if rule.kind == "CustomSql":
        yield from spark_sql.tables_of(parameters[0])
    elif rule.kind in ("RowCountMatch", "SchemaMatch", "DatasetMatch"):
        yield parameters[0].lower()
    elif rule.kind == "ReferentialIntegrity":
        text = parameters[1]
        yield (text.rpartition(".{") if text.endswith("}") else text.rpartition("."))[0].lower()
    elif rule.kind == "AggregateMatch":
        for text in parameters:
            yield text.partition("(")[2].rstrip(") ").rpartition(".")[0].lower()
