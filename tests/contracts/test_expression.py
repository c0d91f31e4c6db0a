"""Expressions of contracts: what Spark refuses or reads in two ways is refused, what it runs is not."""

from __future__ import annotations

import pytest

from lake.contracts.expression import OPEN, TRUTH, VALUE, ExpressionError, Names, kind_of

NAMES = Names({"quantity": False, "is_return": True, "d": False, "Country": False, "order": False}, ["Country", "a b"])


@pytest.mark.parametrize(
    "text",
    [
        "", "quantity = 0 quantity", "quantity IN ()", "x.y = 1", "select", "quantity LIKE", "'abc", "1abc",
        "cast(quantity as foo)", "cast(quantity int)", "quantity = 0;", "quantity -- 0", "trim(user)", "current_date",
        "CASE WHEN quantity = 1 THEN 2", "CASE ELSE 1 END", "quantity BETWEEN 1", "NOT quantity", "raw.quantity = 1",
        "count(*) > 1", "explode(split(Country, ','))", "raise_error('x')", "unix_timestamp() > 1", "row_number() = 1",
        "quantity IS 5", "exists(split(Country, ','), x -> y = 'a')",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        kind_of(text, NAMES)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("raw.`a b` = 'x' AND NOT is_return", TRUTH),
        ("quantity NOT IN (1, 2) OR quantity BETWEEN 1 AND 2 AND is_return", TRUTH),
        ("CASE WHEN quantity = 1 THEN 'a' ELSE 'b' END", VALUE),
        ("CASE quantity WHEN 1 THEN true ELSE false END", TRUTH),
        ("exists(split(Country, ','), x -> x = 'a')", TRUTH),
        ("aggregate(split(Country, ','), 0, (a, x) -> a + length(x)) > 3", TRUTH),
        ("date'2010-01-01' < d", TRUTH),
        ("d - interval 1 day > ${ingest_date}", TRUTH),
        ("trim(BOTH 'x' FROM Country) = 'a'", TRUTH),
        ("extract(year FROM d) = 2000", TRUTH),
        ("-quantity < 1.5e3", TRUTH),
        ("date(d) = ${ingest_date}", TRUTH),
        ("try_cast(quantity AS decimal(18, 3)) IS NOT NULL", TRUTH),
        ("substring(Country FROM 1 FOR 2) = 'x'", TRUTH),
        ("split(Country, ',')[0] = 'a'", TRUTH),
        ("left(Country, 2) IN ('a')", TRUTH),
        ("coalesce(is_return, false)", OPEN),
        ("position('a' IN Country) > 0", TRUTH),
        ("position('a', Country) > 0", TRUTH),
        ("datediff(day, d, ${ingest_date}) > 2", TRUTH),
        ("quantity IS NOT DISTINCT FROM 1", TRUTH),
        ("COUNTRY rlike '^a' AND country <=> 'it\\'s'", TRUTH),
        ("trim(`order`)", VALUE),
        ("is_return", TRUTH),
        ("${ingest_date}", VALUE),
    ],
)
def test_kind(text: str, kind: str) -> None:
    assert kind_of(text, NAMES) == kind
