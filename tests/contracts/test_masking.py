"""Protection of personal data in contracts: what is refused, and what the compiler makes of the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lake.contracts import compile as compiler
from lake.contracts.masking import FIELDS, longest_clear_value
from lake.contracts.odcs import ContractError

FolderWith = Callable[[dict[str, Any]], Path]
Column = dict[str, Any]


def _column(masking: dict[str, Any] | None = None, **changed: Any) -> Column:
    properties = [{"property": "masking", "value": masking}] if masking is not None else []
    return {
        "name": "contact",
        "description": "How the customer is reached.",
        "logicalType": "string",
        "physicalType": "varchar(120)",
        "required": False,
        "classification": "restricted",
        "tags": ["pii"],
        "transformSourceObjects": ["landing.online_retail.Contact"],
        "customProperties": properties,
        **changed,
    }


HMAC = {"method": "hmac-sha256", "domain": "contact"}
LAST = {"method": "keep-last", "characters": 4}
MONTH = {"method": "generalise", "to": "month"}
REFUSED = {
    "no masking at all": (_column(), "published as it is"),
    "unknown method": (_column({"method": "md5"}), "'md5' is not known"),
    "a text instead of a mapping": (_column("hmac-sha256"), "'hmac-sha256' is not known"),  # type: ignore[arg-type]
    "field of another method": (_column({**HMAC, "width": 3}, physicalType="varchar(64)"), "has width"),
    "key in the contract": (_column({**HMAC, "key": "secret"}, physicalType="varchar(64)"), "has key"),
    "pseudonym that does not fit": (_column(HMAC), "64 hexadecimal digits"),
    "no domain": (_column({"method": "hmac-sha256"}, physicalType="varchar(64)"), "has no domain"),
    "domain that is no word": (_column({**HMAC, "domain": "a:b"}, physicalType="varchar(64)"), "'a:b' as domain"),
    "ciphertext that does not fit": (
        _column({"method": "encrypt", "domain": "c"}, physicalType="varchar(36)"), "rounded up to a multiple of 4",
    ),
    "encrypted number": (
        _column({"method": "encrypt", "domain": "c"}, physicalType="int", logicalType="integer"), "encrypted column",
    ),
    "last characters of a number": (_column(LAST, physicalType="int", logicalType="integer"), "is no text"),
    "too many last characters": (_column({**LAST, "characters": 9}), "1 to 8"),
    "no last characters": (_column({"method": "keep-last"}), "shows None"),
    "date to a band": (
        _column({"method": "generalise", "to": "band", "width": 10}, physicalType="date", logicalType="date"),
        "A date goes to year, quarter, month, week",
    ),
    "text to a month": (_column(MONTH), "{to: prefix"),
    "band of one": (
        _column({"method": "generalise", "to": "band", "width": 1}, physicalType="int", logicalType="integer"),
        "of width 1",
    ),
    "boolean to anything": (_column(MONTH, physicalType="boolean", logicalType="boolean"), "Use nullify"),
    "nothing where a value is required": (_column({"method": "nullify"}, required=True), "never published"),
    "key that is not unique any more": (_column(LAST, primaryKey=True, primaryKeyPosition=4), "part of the key"),
    "open classification": (_column(HMAC, physicalType="varchar(64)", classification="internal"), "'internal'"),
    "generated and masked": (
        _column(HMAC, physicalType="varchar(64)", transformSourceObjects=[], customProperties=[
            {"property": "masking", "value": HMAC},
            {"property": "generatedBy", "value": "glue_jobs.online_retail.transforms.number_lines"},
        ]),
        "generated from whole rows",
    ),
    "pii and not personal": (
        _column(HMAC, physicalType="varchar(64)", customProperties=[
            {"property": "masking", "value": HMAC}, {"property": "personal", "value": False},
        ]),
        "declared not personal",
    ),
}  # fmt: skip
ACCEPTED = {
    "pseudonym": (_column(HMAC, physicalType="varchar(64)"), "**restricted, pseudonym (HMAC-SHA256, domain contact)**"),
    "encrypted": (_column({"method": "encrypt", "domain": "contact"}), "reversible with the key"),
    "last four": (_column(LAST), "only the last 4 characters"),
    "month": (_column(MONTH, physicalType="date", logicalType="date"), "generalised to the month"),
    "band": (
        _column({"method": "generalise", "to": "band", "width": 10}, physicalType="int", logicalType="integer"),
        "generalised to bands of 10",
    ),
    "prefix": (_column({"method": "generalise", "to": "prefix", "characters": 3}), "to the first 3 characters"),
    "nothing": (_column({"method": "nullify"}), "never published"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_protection_that_cannot_be_delivered(case: str, document: dict[str, Any], folder_with: FolderWith) -> None:
    column, words = REFUSED[case]
    document["schema"][0]["properties"].append(column)
    with pytest.raises(ContractError) as raised:
        compiler.compile_repository(folder_with(document))
    told = [line for line in str(raised.value).splitlines() if "properties[13]" in line and words in line]
    assert told, f"nothing says {words!r}:\n{raised.value}"


@pytest.mark.parametrize("case", ACCEPTED)
def test_protection_is_told_to_readers(case: str, document: dict[str, Any], folder_with: FolderWith) -> None:
    column, words = ACCEPTED[case]
    document["schema"][0]["properties"].append(column)
    page = compiler.compile_repository(folder_with(document))["docs/products/online_retail.md"]
    assert words in next(line for line in page.splitlines() if line.startswith("| `contact`"))


def test_every_method_has_an_accepted_case() -> None:
    assert {column["customProperties"][0]["value"]["method"] for column, _ in ACCEPTED.values()} == set(FIELDS)


def test_column_computed_from_personal_data_is_personal(document: dict[str, Any], folder_with: FolderWith) -> None:
    derived = next(column for column in document["schema"][0]["properties"] if column["name"] == "is_return")
    derived["transformLogic"] = "customer_id LIKE '1%'"
    with pytest.raises(ContractError, match="is_return is computed from customer_id, which is personal data"):
        compiler.compile_repository(folder_with(document))
    derived["customProperties"].append({"property": "personal", "value": False})
    compiler.compile_repository(folder_with(document))


COPY = {
    "name": "cust_copy",
    "logicalType": "string",
    "physicalType": "varchar(40)",
    "classification": "public",
    "transformSourceObjects": ["landing.online_retail.Country"],
}
DERIVED: Column = {"customProperties": [{"property": "derived", "value": True}], "physicalType": "varchar(400)"}
LEAKS: dict[str, Column] = {
    "the same header": {
        "transformSourceObjects": ["landing.online_retail.CustomerID"], "transformLogic": "trim(CustomerID)",
    },
    "the same header, untouched": {"transformSourceObjects": ["landing.online_retail.CustomerID"]},
    "one of several sources": {
        "transformSourceObjects": ["landing.online_retail.Country", "landing.online_retail.CustomerID"],
    },
    "a header that is no source": {"transformLogic": "concat(Country, CustomerID)"},
    "a header among texts": {"transformLogic": "concat_ws(' ', trim(Country), 'for', CustomerID)"},
    "another spelling": {"transformLogic": "concat(Country, customerid)"},
    "a quoted header": {"transformLogic": "concat(Country, `CustomerID`)"},
    "a blank before the dot": {**DERIVED, "transformLogic": "concat(country, raw . CustomerID)"},
    "the delivered text": {**DERIVED, "transformLogic": "CAST(raw.CustomerID LIKE '17%' AS string)"},
    "the delivered text, all quoted": {**DERIVED, "transformLogic": "upper(`raw`.`CustomerID`)"},
    "the typed column": {**DERIVED, "transformLogic": "upper(Customer_ID)"},
    "all delivered texts": {**DERIVED, "transformLogic": "to_json(raw)"},
    "a field by its text": {**DERIVED, "transformLogic": "raw['CustomerID']"},
    "all fields": {**DERIVED, "transformLogic": "concat_ws(',', raw.*)"},
    "all headers": {"transformLogic": "concat_ws(',', *)"},
}  # fmt: skip
HARMLESS = {
    "a text": {"transformLogic": "concat(Country, 'CustomerID')"},
    "a product": {**DERIVED, "transformLogic": "CAST(quantity * unit_price AS string)"},
    "a product in brackets": {**DERIVED, "transformLogic": "CAST((quantity) * (unit_price) AS string)"},
    "another delivered text": {**DERIVED, "transformLogic": "upper(raw.Country)"},
}


def _problems(document: dict[str, Any], folder: Path) -> list[str]:
    with pytest.raises(ContractError) as raised:
        compiler.compile_repository(folder)
    return str(raised.value).splitlines()


@pytest.mark.parametrize("case", LEAKS)
def test_header_of_a_protected_column_gets_out_nowhere(
    case: str, document: dict[str, Any], folder_with: FolderWith
) -> None:
    document["schema"][0]["properties"].append({**COPY, **LEAKS[case]})
    found = _problems(document, folder_with(document))
    assert any("cust_copy is computed from" in line and "customer_id" in line for line in found), found


# Whole records are no value of a row: these are refused whatever is declared (lint_expressions).
WHOLE_RECORDS = {"all delivered texts", "a field by its text", "all fields", "all headers"}


@pytest.mark.parametrize("case", sorted(LEAKS.keys() - WHOLE_RECORDS))
def test_column_from_personal_data_may_be_declared(
    case: str, document: dict[str, Any], folder_with: FolderWith
) -> None:
    column = {**COPY, **LEAKS[case]}
    column["customProperties"] = [*column.get("customProperties", []), {"property": "personal", "value": False}]
    document["schema"][0]["properties"].append(column)
    assert compiler.compile_repository(folder_with(document))


@pytest.mark.parametrize("case", HARMLESS)
def test_column_from_other_data_needs_no_declaration(
    case: str, document: dict[str, Any], folder_with: FolderWith
) -> None:
    document["schema"][0]["properties"].append({**COPY, **HARMLESS[case]})
    assert compiler.compile_repository(folder_with(document))


def test_what_a_protected_column_reads_besides_its_source_is_protected(
    document: dict[str, Any], folder_with: FolderWith
) -> None:
    customer = next(column for column in document["schema"][0]["properties"] if column["name"] == "customer_id")
    customer["transformLogic"] = "concat(CustomerID, Country)"
    found = _problems(document, folder_with(document))
    assert any("country is computed from Country (customer_id)" in line for line in found), found


def _plain(name: str, **changed: Any) -> Column:
    return {**COPY, "name": name, "classification": "internal", **changed}


NOT_PERSONAL = [{"property": "personal", "value": False}]
UNTAGGED: dict[str, tuple[Column, str]] = {
    "masked": (_column(HMAC, physicalType="varchar(64)", tags=[]), "is masked but not tagged pii"),
    "restricted": (_column(tags=[]), "is restricted but not tagged pii"),
    "another case": (_column(HMAC, physicalType="varchar(64)", tags=["PII"]), "is tagged 'PII'. Write pii"),
    "misspelt": (_plain("contact", tags=["pi"]), "is tagged 'pi'. Write pii"),
    "mail": (_plain("customer_email", classification="public"), "'customer_email' is a name of personal data"),
    "number of people": (_plain("ssn"), "'ssn' is a name of personal data"),
    "account": (_plain("iban"), "'iban' is a name of personal data"),
    "telephone": (_plain("phone_number"), "'phone_number' is a name of personal data"),
    "telephone as a number": (
        _plain("phone_number", physicalType="bigint", logicalType="integer"), "'phone_number' is a name",
    ),
    "number without a classification": (
        {**_plain("user_id", physicalType="int", logicalType="integer"), "classification": None}, "'user_id' is a name",
    ),
    "day of birth": (
        _plain("born", physicalType="date", transformSourceObjects=["landing.x.birthDate"]), "'birthDate'",
    ),
    "header of several words": (_plain("contact", transformSourceObjects=["landing.x.Last Name"]), "'Last Name'"),
}  # fmt: skip
TAG_NOT_NEEDED: dict[str, Column] = {
    "masked secret of the company": _column(
        physicalType="varchar(64)", tags=[], customProperties=[{"property": "masking", "value": HMAC}, *NOT_PERSONAL]
    ),
    "restricted secret of the company": _column(tags=[], customProperties=NOT_PERSONAL),
    "address of a shop": _plain("address", customProperties=NOT_PERSONAL),
    "name of a thing": _plain("name"),
    "whether there is one": _plain("has_email", physicalType="boolean", logicalType="boolean"),
    "closed to many": _plain("email", classification="confidential"),
    "other words": _plain("session_libanon"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNTAGGED)
def test_personal_data_is_tagged(case: str, document: dict[str, Any], folder_with: FolderWith) -> None:
    column, words = UNTAGGED[case]
    document["schema"][0]["properties"].append({key: value for key, value in column.items() if value is not None})
    found = _problems(document, folder_with(document))
    assert any("properties[13]" in line and words in line for line in found), found


@pytest.mark.parametrize("case", TAG_NOT_NEEDED)
def test_other_data_needs_no_tag(case: str, document: dict[str, Any], folder_with: FolderWith) -> None:
    document["schema"][0]["properties"].append(TAG_NOT_NEEDED[case])
    assert compiler.compile_repository(folder_with(document))


def test_restricted_column_may_be_hidden_by_the_roles(document: dict[str, Any], folder_with: FolderWith) -> None:
    document["schema"][0]["properties"].append(_column(tags=[]))
    document["roles"][1]["customProperties"].append({"property": "excludeColumns", "value": ["contact"]})
    assert compiler.compile_repository(folder_with(document))


def test_tag_is_not_lost_from_a_masked_column(document: dict[str, Any], folder_with: FolderWith) -> None:
    del next(column for column in document["schema"][0]["properties"] if column["name"] == "customer_id")["tags"]
    found = _problems(document, folder_with(document))
    assert any("customer_id is masked but not tagged pii" in line for line in found), found


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"classification": "internal"}, "note"),
        ({"classification": "public"}, "note"),
        ({"classification": "confidential"}, "none"),
        ({}, "withhold"),
        ({"customProperties": [{"property": "personal", "value": False}]}, "none"),
        ({"physicalType": "int", "logicalType": "integer"}, "none"),
    ],
)
def test_what_the_job_does_with_undeclared_personal_data(
    changed: dict[str, Any], check: str, document: dict[str, Any], folder_with: FolderWith
) -> None:
    column = _column(**changed)
    del column["tags"]
    if "classification" not in changed:
        del column["classification"]
    document["schema"][0]["properties"].append(column)
    compiled = compiler.compile_contract(next((folder_with(document) / "dags/contracts").glob("*.odcs.yaml")))
    found = next(column for column in compiled["columns"] if column["name"] == "contact")
    assert found["personal_check"] == check


def test_encrypted_column_takes_what_fits_into_it() -> None:
    column = {"max_bytes": 120, "masking": {"method": "encrypt", "domain": "c"}}
    assert longest_clear_value(column) == 62
    assert (62 + 28 + 2) // 3 * 4 <= 120 < (63 + 28 + 2) // 3 * 4
