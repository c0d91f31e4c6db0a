"""Rules of the crawler that need no server: exclude patterns, types of text, what is one table."""

from __future__ import annotations

import pytest

from local.services.glue.crawlers.layout import ClassifiedFile, find_tables
from local.services.glue.crawlers.listing import S3File, glob_to_regex
from local.services.glue.crawlers.schemas import Column, FileSchema, merged_type
from local.services.glue.crawlers.text_types import type_of_values

# pattern, matching paths, other paths. The first rows are the examples of AWS's guide.
EXCLUDE_PATTERNS = [
    ("*.csv", ["a.csv"], ["folder/a.csv", "a.csv.gz"]),
    ("*.*", ["a.b"], ["ab"]),
    ("*.{csv,avro}", ["a.csv", "a.avro"], ["a.json"]),
    ("foo.?", ["foo.a"], ["foo.ab", "foo."]),
    ("myfolder/*", ["myfolder/mytable"], ["myfolder/mytable/a"]),
    ("myfolder/*/*", ["myfolder/table/a"], ["myfolder/a", "myfolder/a/b/c"]),
    ("myfolder/**", ["myfolder/a", "myfolder/a/b"], ["other/a"]),
    ("**/_*", ["day=1/_SUCCESS", "a/b/_x"], ["day=1/a"]),
    ("[!a]*.csv", ["b.csv"], ["a.csv"]),
    ("[a-c].csv", ["b.csv"], ["d.csv"]),
    (r"\*.csv", ["*.csv"], ["a.csv"]),
    ("a.b", ["a.b"], ["axb"]),
]


@pytest.mark.parametrize(("pattern", "matching", "others"), EXCLUDE_PATTERNS)
def test_exclude_patterns(pattern: str, matching: list[str], others: list[str]) -> None:
    compiled = glob_to_regex(pattern)
    assert [path for path in matching if not compiled.fullmatch(path)] == []
    assert [path for path in others if compiled.fullmatch(path)] == []


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "+3", ""], "bigint"),
        (["1", "2.5"], "double"),
        (["1e5", ".5", "-1.E3"], "double"),
        (["9223372036854775807"], "bigint"),
        (["9223372036854775808"], "double"),
        (["true", "FALSE"], "boolean"),
        (["true", "1"], "string"),
        (["1", "x"], "string"),
        (["NaN"], "string"),
        (["1,000"], "string"),
        (["", " "], ""),
        ([], ""),
        (["٣"], "string"),
    ],
)
def test_types_of_text(values: list[str], kind: str) -> None:
    assert type_of_values(values) == kind


@pytest.mark.parametrize(
    ("first", "second", "merged"),
    [
        ("bigint", "double", "double"),
        ("int", "bigint", "bigint"),
        ("float", "bigint", "double"),
        ("string", "bigint", "string"),
        ("date", "timestamp", "string"),
        ("", "date", "date"),
    ],
)
def test_merged_types(first: str, second: str, merged: str) -> None:
    assert merged_type(first, second) == merged
    assert merged_type(second, first) == merged


def classified(key: str, *names: str) -> ClassifiedFile:
    columns = tuple(Column(name, "string") for name in names)
    return ClassifiedFile(S3File("b", key, 10, key), FileSchema("csv", columns))


LAYOUTS = {
    "hive partitions": (
        [("t/year=2019/month=1/a", "ab"), ("t/year=2019/month=2/a", "ab")],
        {"t/": ["year", "month"]},
    ),
    "files side by side, alike": ([("t/a", "abc"), ("t/b", "abc")], {"t/": []}),
    "files side by side, different": ([("t/a", "ab"), ("t/b", "xy")], {"t/a": [], "t/b": []}),
    "most folders alike": (
        [("t/d=1/a", "abc"), ("t/d=2/a", "abc"), ("t/d=3/a", "xyz")],
        {"t/": ["d"]},
    ),
    "no majority": ([("t/d=1/a", "ab"), ("t/d=2/a", "xy")], {"t/d=1/": [], "t/d=2/": []}),
    "two tables with partitions": (
        [("t/one/d=1/a", "ab"), ("t/one/d=2/a", "ab"), ("t/two/d=1/a", "xy"), ("t/two/d=2/a", "xy")],
        {"t/one/": ["d"], "t/two/": ["d"]},
    ),
    "different depths": ([("t/a", "ab"), ("t/deep/b", "ab")], {"t/deep/": [], "t/": []}),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_what_is_one_table(case: str) -> None:
    files, expected = LAYOUTS[case]
    found = find_tables([classified(key, *names) for key, names in files], "b", "t/")
    assert {table.root: table.partition_keys for table in found} == expected
