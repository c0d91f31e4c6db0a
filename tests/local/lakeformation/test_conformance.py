"""The list of operations in docs/local-aws/lakeformation.md is complete and true."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.config import Config

from local.identity import LOCAL_ADMIN, access_key_for, secret_key_for
from local.services.lakeformation.operations import OPERATIONS

from .conftest import Lake

PAGE = Path(__file__).parents[3] / "docs" / "local-aws" / "lakeformation.md"
ALL = frozenset(botocore.session.get_session().get_service_model("lakeformation").operation_names)


@cache
def section() -> str:
    return PAGE.read_text(encoding="utf-8").partition("## Conformance")[2].partition("\n## ")[0]


def rows(heading: str) -> list[list[str]]:
    """Cells of the rows of the table under a heading cell."""
    table = section().partition(f"| {heading} |")[2].partition("\n\n")[0]
    lines = [line for line in table.splitlines()[2:] if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_tables_name_every_operation_once() -> None:
    served = [cells[0] for cells in rows("served")]
    refused = [name for cells in rows("refused at once, 4xx") for name in cells[0].split(", ")]
    assert sorted([*served, *refused]) == sorted(ALL)
    assert set(served) == OPERATIONS
    assert f"All {len(ALL)} operations" in section()


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_the_named_files_hold_cases_of_the_operation(operation: str) -> None:
    (files,) = [cells[1] for cells in rows("served") if cells[0] == operation]
    names = re.findall(r"`(test_\w+\.py)`", files)
    assert names, f"{operation} has no case"
    # Grants, revokes and lists also go through methods of the fixture.
    words = {
        xform_name(operation),
        *{"GrantPermissions": ["grant"], "RevokePermissions": ["revoke"]}.get(operation, []),
    }
    for name in names:
        text = (Path(__file__).parent / name).read_text(encoding="utf-8")
        assert any(re.search(rf"\b{word}\b", text) for word in words), f"{name} has no case of {operation}"


@pytest.mark.parametrize("operation", sorted(ALL - OPERATIONS))
def test_what_is_not_served_is_refused_at_once(lake: Lake, operation: str) -> None:
    client = botocore.session.get_session().create_client(
        "lakeformation",
        region_name="us-east-1",
        endpoint_url=lake.client().meta.endpoint_url,
        aws_access_key_id=access_key_for(LOCAL_ADMIN),
        aws_secret_access_key=secret_key_for(LOCAL_ADMIN),
        config=Config(parameter_validation=False, inject_host_prefix=False),
    )
    with pytest.raises(client.exceptions.ClientError) as refusal:
        getattr(client, xform_name(operation))()
    error = refusal.value.response
    assert error["Error"]["Code"] == "UnknownOperationException"
    assert error["ResponseMetadata"]["RetryAttempts"] == 0
