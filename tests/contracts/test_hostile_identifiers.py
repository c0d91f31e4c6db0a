"""Names that try to be SQL, Jinja, paths or code: refused by the compiler, or quoted where they are values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lake.contracts import compile as compiler
from lake.contracts.odcs import ContractError

FolderWith = Callable[[dict[str, Any]], Path]
HOSTILE = (
    "x; DROP TABLE mart.fact_sales --",
    "x' OR '1'='1",
    'x" OR "1"="1',
    "x`; SELECT 1",
    "x) UNION SELECT * FROM quarantine.online_retail --",
    "{{ conn.aws_lakeformation }}",
    "{% include 'secret' %}",
    "../../governance/erasure_requests",
    "x y",
    "x\ny",
    "${jndi:ldap://x}",
    "Ｘ",
    "",
)


def _column(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(col for col in document["schema"][0]["properties"] if col["name"] == name)
    return found


def _server(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry for entry in document["servers"] if entry["server"] == name)
    return found


def _custom(element: dict[str, Any], name: str, value: Any) -> None:
    kept = [entry for entry in element.get("customProperties", []) if entry["property"] != name]
    element["customProperties"] = [*kept, {"property": name, "value": value}]


PLACES: dict[str, Callable[[dict[str, Any], str], None]] = {
    "product": lambda d, text: d.update(name=text),
    "column": lambda d, text: _column(d, "country").update(name=text),
    "curated database": lambda d, text: _server(d, "curated").update(database=text),
    "schema of the warehouse": lambda d, text: _server(d, "warehouse").update(schema=text),
    "database of the warehouse": lambda d, text: _server(d, "warehouse").update(database=text),
    "landing folder": lambda d, text: _server(d, "landing").update(location=f"s3://${{landing}}/{text}/"),
    "partition key": lambda d, text: _custom(_server(d, "landing"), "partitionKey", text),
    "marker": lambda d, text: _custom(_server(d, "landing"), "completeness", {"marker": text}),
    "domain": lambda d, text: d.update(domain=text),
    "role": lambda d, text: d["roles"][0].update(role=text),
    "LF-tag key": lambda d, text: _custom(d, "lfTags", {text: "sales"}),
    "LF-tag value": lambda d, text: _custom(d, "lfTags", {"domain": text}),
    "masking domain": lambda d, text: _custom(
        _column(d, "customer_id"), "masking", {"method": "hmac-sha256", "domain": text}
    ),
    "rule id": lambda d, text: d["schema"][0]["quality"][0].update(id=text),
    "type": lambda d, text: _column(d, "country").update(physicalType=text),
    "rule on columns": lambda d, text: d["schema"][0]["quality"][0].update(implementation={"failsWhen": text}),
}
CODE = (
    "reflect('java.lang.Runtime', 'getRuntime')",
    "java_method('java.lang.System', 'exit', 1)",
    "try_reflect('java.lang.System', 'getenv', 'AWS_SECRET_ACCESS_KEY')",
    "(SELECT max(raw) FROM quarantine.online_retail)",
    "trim(Country); DROP TABLE x",
    "trim(Country) -- comment",
    "trim(Country) /* comment */",
    "{{ var.value.x }}",
    """concat("'", reflect('java.lang.System', 'getenv', 'KEY'), "'")""",
    r"""concat(r'\', reflect("java.lang.System", "getenv", "KEY"), '')""",
    """concat(`'`, reflect("java.lang.System", "getenv", "KEY"), `'`)""",
    "`reflect`('java.lang.System', 'getenv', 'KEY')",
    "`Java_Method` ('java.lang.System', 'getenv', 'KEY')",
    "IDENTIFIER('ref' || 'lect')('java.lang.System', 'getenv', 'KEY')",
)
CONDITIONS = tuple(f"quantity = 0 OR {code} = 'x'" for code in CODE)
CONDITION_PLACES: dict[str, Callable[[dict[str, Any], str], None]] = {
    "row rule": lambda d, text: d["schema"][0]["quality"][0].update(implementation={"failsWhen": text}),
    "rows of an expectation": lambda d, text: d["schema"][0]["quality"][14]["implementation"]["kwargs"].update(
        row_condition=text
    ),
    "row filter": lambda d, text: _custom(d["roles"][1], "rowFilter", text),
}
HARMLESS = (
    "trim(`a;b`)",
    "trim(`delete -- date`)",
    "regexp_replace(Country, ';', \"--\")",
    r"trim('it\'s; fine')",
)


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
@pytest.mark.parametrize("place", PLACES)
def test_hostile_name_is_refused(place: str, text: str, document: dict[str, Any], folder_with: FolderWith) -> None:
    PLACES[place](document, text)
    with pytest.raises(ContractError):
        compiler.compile_repository(folder_with(document))


@pytest.mark.parametrize("text", CODE)
def test_code_is_no_expression(text: str, document: dict[str, Any], folder_with: FolderWith) -> None:
    _column(document, "country")["transformLogic"] = text
    with pytest.raises(ContractError, match="is computed with"):
        compiler.compile_repository(folder_with(document))


@pytest.mark.parametrize("place", CONDITION_PLACES)
@pytest.mark.parametrize("text", CONDITIONS)
def test_code_is_no_condition(place: str, text: str, document: dict[str, Any], folder_with: FolderWith) -> None:
    CONDITION_PLACES[place](document, text)
    with pytest.raises(ContractError, match="tests with"):
        compiler.compile_repository(folder_with(document))


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_quoted_is_no_code(text: str, document: dict[str, Any], folder_with: FolderWith) -> None:
    column = _column(document, "country")
    column["transformLogic"] = text
    if header := re.search(r"`(.*)`", text):
        column["transformSourceObjects"] = [f"landing.online_retail.{header[1]}"]
    assert compiler.compile_repository(folder_with(document))


@pytest.mark.parametrize("text", ["yyyy') OR ('x", "yyyy\\' ", "{{ ds }}"])
def test_hostile_time_format_is_refused(text: str, document: dict[str, Any], folder_with: FolderWith) -> None:
    _column(document, "invoice_date")["logicalTypeOptions"]["format"] = text
    with pytest.raises(ContractError, match="no format of a date or time"):
        compiler.compile_repository(folder_with(document))


def test_words_inside_texts_are_no_code(document: dict[str, Any], folder_with: FolderWith) -> None:
    _column(document, "country")["transformLogic"] = "replace(trim(Country), 'Select; drop -- it', 'x')"
    compiler.compile_repository(folder_with(document))


def test_hostile_values_are_quoted(document: dict[str, Any], folder_with: FolderWith) -> None:
    value = "x' OR raw.Country = '\\' --"
    _column(document, "country")["enum"] = [{"value": value}]
    _custom(_server(document, "landing"), "nullValues", [value])
    outputs = compiler.compile_repository(folder_with(document))
    compiled = json.loads(outputs["dags/contracts/online_retail.json"])
    quoted = "'x\\' OR raw.Country = \\'\\\\\\' --'"
    assert quoted in next(rule["fails_when"] for rule in compiled["row_rules"] if rule["id"] == "country_not_listed")
    assert quoted in next(column["expression"] for column in compiled["columns"] if column["name"] == "country")
