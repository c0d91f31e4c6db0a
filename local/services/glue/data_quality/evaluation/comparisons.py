"""Rules that compare the table with another one."""

from __future__ import annotations

import datetime as dt
import re

from local.services.athena.names import identifier
from local.services.glue.data_quality.dqdl.rules import Rule
from local.services.glue.data_quality.evaluation.datasets import PRIMARY, Database, Dataset
from local.services.glue.data_quality.evaluation.outcomes import FAIL, PASS, Outcome, Unmeasurable, number_text

_AGGREGATE = re.compile(r"(sum|avg|SUM|AVG)\((.*)\)", re.S)


def _judged(rule: Rule, metric: str, ratio: float) -> Outcome:
    """As `judged`, in the words of AWS's comparisons."""
    assert rule.condition is not None
    if rule.condition.holds(ratio):
        return Outcome(PASS, metrics={metric: ratio})
    return Outcome(FAIL, f"Value: {number_text(ratio)} does not meet the constraint requirement.", {metric: ratio})


def row_count_match(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    """Rows of the table per row of the reference."""
    alias = rule.columns[0]
    reference = database.reference(alias)
    (rows,) = database.row(f"SELECT count(*) FROM {database.primary.relation}")
    (others,) = database.row(f"SELECT count(*) FROM {reference.relation}")
    ratio = rows / others if others else float("inf") if rows else float("nan")
    return _judged(rule, f"Dataset.{alias}.RowCountMatch", ratio)


def aggregate_match(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    """First aggregate divided by the second."""
    first, first_column = _aggregate(database, rule.columns[0])
    second, second_column = _aggregate(database, rule.columns[1])
    ratio = 1.0 if first == second == 0 else 0.0 if second == 0 else first / second
    instance = first_column if first_column == second_column else f"{first_column},{second_column}"
    return _judged(rule, f"Column.{instance}.AggregateMatch", ratio)


def _aggregate(database: Database, text: str) -> tuple[float, str]:
    found = _AGGREGATE.fullmatch(text.strip())
    if found is None:
        raise Unmeasurable("Rule (or nested rule) not supported due to: Unsupported Rule")
    alias, _, name = found[2].strip().rpartition(".")
    dataset = database.reference(alias or PRIMARY)
    column = dataset.numeric(name)
    (value,) = database.row(f"SELECT CAST({found[1].lower()}({column.sql}) AS DOUBLE) FROM {dataset.relation}")
    if value is None:
        raise Unmeasurable(f"Empty state for {text}, all input values were NULL.")
    return float(value), name


def referential_integrity(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    """Share of rows whose columns have a match in the reference; NULL has none."""
    names = [name.strip() for name in rule.columns[0].split(",")]
    alias, reference_names = _reference(rule.columns[1])
    reference = database.reference(alias)
    if len(names) != len(reference_names):
        raise Unmeasurable(
            "The number of columns to check from the primary data frame must equal the number of columns to check "
            "from the reference data frame."
        )
    _require(database.primary, names, "primary")
    _require(reference, reference_names, "reference")
    keys = [database.primary.column(name).sql for name in names]
    pairs = zip(keys, (reference.column(name).sql for name in reference_names), strict=True)
    on = " AND ".join(f"p__.{key} = r__.{other}" for key, other in pairs)
    rows, matching = database.row(
        f"SELECT count(*), count(*) FILTER (EXISTS (SELECT 1 FROM {reference.relation} AS r__ WHERE {on})) "
        f"FROM {database.primary.relation} AS p__"
    )
    if not rows:
        raise Unmeasurable("Primary data frame contains no data.")
    return _judged(rule, f"Column.{alias}.ReferentialIntegrity", matching / rows)


def _reference(text: str) -> tuple[str, list[str]]:
    """``alias.column`` or ``alias.{a, b}``."""
    alias, _, columns = text.rpartition(".{") if text.endswith("}") else text.rpartition(".")
    if not alias:
        raise Unmeasurable("Could not parse ReferenceDatasetColumns parameter")
    return alias, [name.strip() for name in columns.rstrip("}").split(",")]


def _require(dataset: Dataset, names: list[str], which: str) -> None:
    missing = dataset.missing(names)
    if len(missing) == 1:
        raise Unmeasurable(f"Column {missing[0]} does not exist in {which} data frame.")
    if missing:
        raise Unmeasurable(f"Columns {', '.join(missing)} do not exist in {which} data frame.")


def dataset_match(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    """Share of rows that the reference has with the same key and the same values; NULL equals NULL in values only."""
    alias = rule.columns[0]
    primary, reference = database.primary, database.reference(alias)
    keys = _mapping(rule.columns[1])
    others = [column.name for name, column in primary.columns.items() if name not in {k.lower() for k in keys}]
    compared = _mapping(rule.columns[2]) if len(rule.columns) == 3 else {name: name for name in others}
    for mapping, what in ((keys, "key columns"), (compared, "columns")):
        _require_found(primary, list(mapping), what, "first")
        _require_found(reference, list(mapping.values()), what, "second")
    _require_unique(database, reference, keys)
    on = [f"p__.{primary.column(a).sql} = r__.{reference.column(b).sql}" for a, b in keys.items()]
    on += [
        f"p__.{primary.column(a).sql} IS NOT DISTINCT FROM r__.{reference.column(b).sql}" for a, b in compared.items()
    ]
    rows, matching = database.row(
        f"SELECT count(*), count(*) FILTER (EXISTS (SELECT 1 FROM {reference.relation} AS r__ "
        f"WHERE {' AND '.join(on)})) FROM {primary.relation} AS p__"
    )
    if not rows:
        raise Unmeasurable("Cannot evaluate: primary DataFrame is empty")
    return _judged(rule, f"Dataset.{alias}.DatasetMatch", matching / rows)


def _mapping(text: str) -> dict[str, str]:
    """``id->order_id, day`` -> first table's name to second table's."""
    found = {}
    for part in text.split(","):
        first, arrow, second = part.partition("->")
        found[first.strip()] = second.strip() if arrow else first.strip()
    return found


def _require_found(dataset: Dataset, names: list[str], what: str, which: str) -> None:
    missing = dataset.missing(names)
    if missing:
        raise Unmeasurable(f"The following {what} were not found in the {which} dataset: {', '.join(missing)}")


def _require_unique(database: Database, reference: Dataset, keys: dict[str, str]) -> None:
    counted = []
    for dataset, names in ((database.primary, list(keys)), (reference, list(keys.values()))):
        listed = ", ".join(identifier(dataset.column(name).name) for name in names)
        counted.append(
            database.row(f"SELECT count(*), (SELECT count(*) FROM (SELECT DISTINCT {listed} FROM {dataset.relation})) "
                         f"FROM {dataset.relation}")
        )  # fmt: skip
    (rows, unique), (other_rows, other_unique) = counted
    if rows != unique or other_rows != other_unique:
        raise Unmeasurable(
            "The selected columns are not comparable due to duplicates present in the dataset. Comparison keys must be "
            f"unique, but in Dataframe 1, there are {unique} unique records and {rows} rows, and in Dataframe 2, there "
            f"are {other_unique} unique records and {other_rows} rows, based on the combination of keys "
            f"{{{', '.join(keys)}}} in Dataframe 1 and {{{', '.join(keys.values())}}} in Dataframe 2"
        )
