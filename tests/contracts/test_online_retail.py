"""What the contract of online_retail promises to its readers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from lake.contracts import UnknownContractError, compiled_contract, contract, products
from tests.contracts.conftest import PRODUCTS, REPOSITORY


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    return compiled_contract("online_retail")


def test_index_entry() -> None:
    found = contract("online_retail")
    assert found.table("curated") == "curated.online_retail"
    assert found.landing_prefix == "online_retail/"
    assert (found.completeness_marker, found.partition_column) == ("_SUCCESS", "invoice_day")
    assert [column.name for column in found.landing_columns if not column.required] == ["Description", "CustomerID"]
    assert found.columns[-1].name == "invoice_day"
    assert found.columns[-1].type == "date"
    assert 0 <= found.quarantine.warn_percent <= found.quarantine.max_percent <= 100


def test_index_and_full_contract_agree(compiled: dict[str, Any]) -> None:
    found = contract("online_retail")
    assert (compiled["hash"], compiled["version"]) == (found.hash, found.version)
    assert [column["name"] for column in compiled["columns"]] == [column.name for column in found.columns]
    assert products() == PRODUCTS


def test_unknown_product_says_what_there_is() -> None:
    with pytest.raises(UnknownContractError, match=r"No contract for product 'orders'.*known: .*online_retail"):
        contract("orders")


def test_reading_the_index_imports_the_standard_library_only() -> None:
    """DAG files read it on every parse: YAML, jsonschema or boto3 would be paid for by every task."""
    script = (
        "import sys; before = set(sys.modules); from lake.contracts import contract; contract('online_retail');"
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(REPOSITORY / "dags")},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.strip() == "['lake']"


def test_rows_are_quarantined_for_stated_reasons_only(compiled: dict[str, Any]) -> None:
    rules = compiled["structure_rules"] + compiled["row_rules"]
    assert all(rule["name"] for rule in rules)
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert all(rule["description"] for rule in rules if rule["origin"] == "contract")
    for rule in compiled["row_rules"]:
        assert rule["fails_when"].startswith("coalesce((")
        assert rule["fails_when"].endswith("), false)")


def test_who_may_see_what(compiled: dict[str, Any]) -> None:
    roles = {role["role"]: role for role in compiled["permissions"]["roles"]}
    assert roles["data-engineer"]["excluded_columns"] == []
    assert roles["data-engineer"]["row_filter"] is None
    assert roles["uk-analyst"]["excluded_columns"] == ["customer_id"]
    assert roles["uk-analyst"]["row_filter"] == "country = 'United Kingdom'"
    assert "outsider" not in roles
    assert {name for name, role in roles.items() if "INSERT" in role["permissions"]} == {"airflow", "glue"}


def test_personal_data_is_closed_for_roles_that_do_not_ask(compiled: dict[str, Any]) -> None:
    from lake.contracts.permissions import compiled_permissions

    found = compiled_permissions({"roles": [{"role": "new", "access": "read"}]}, compiled["columns"])
    assert found["roles"][0]["excluded_columns"] == ["customer_id"]


def test_personal_data_is_masked_and_tagged(compiled: dict[str, Any]) -> None:
    for column in compiled["columns"]:
        assert (column["masking"] is not None) == column["pii"]
    assert compiled["permissions"]["column_tags"] == {"customer_id": {"classification": "restricted"}}


def test_invoice_and_stock_code_are_no_key(compiled: dict[str, Any]) -> None:
    key = [column["name"] for column in compiled["columns"] if column["primary_key_position"]]
    assert key == ["invoice_no", "line_no", "invoice_day"]
