"""The sync as MWAA runs it: the airflow role assumes lake-admin through the connection, over HTTP, on a real table."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from lake.contracts import compiled_contract
from lake.operators import lake_formation
from lake.operators.lake_formation import LakeFormationSyncOperator
from tests.conftest import LocalAws

PRODUCT = "permission_sync_test"
TABLE = {"Table": {"DatabaseName": "curated", "Name": PRODUCT}}


@pytest.fixture
def contract(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The contract of online_retail for a table of this test's own, which airflow has created."""
    from local.environment import airflow_environment

    for name, value in airflow_environment(local_aws.settings).items():
        if name.startswith(("AWS_", "AIRFLOW_CONN_", "AIRFLOW__SECRETS__")):
            monkeypatch.setenv(name, value)
    contract = copy.deepcopy(compiled_contract("online_retail")) | {"product": PRODUCT}
    monkeypatch.setattr(lake_formation, "compiled_contract", lambda product: contract)
    columns = [{"Name": column["name"], "Type": column["athena_type"]} for column in contract["columns"]]
    storage = {"Columns": columns, "Location": f"s3://{local_aws.name('curated')}/{PRODUCT}/"}
    glue = local_aws.client("glue", local_aws.name("airflow"))
    glue.create_table(DatabaseName="curated", TableInput={"Name": PRODUCT, "StorageDescriptor": storage})
    yield contract
    local_aws.client("glue").delete_table(DatabaseName="curated", Name=PRODUCT)


def held(local_aws: LocalAws) -> dict[str, set[str]]:
    """Kinds of resources each role holds something on."""
    client = local_aws.client("lakeformation", local_aws.name("lake-admin"))
    answer = client.list_permissions(Resource=TABLE, IncludeRelated="TRUE")
    rights: dict[str, set[str]] = {}
    for row in answer["PrincipalResourcePermissions"]:
        role = row["Principal"]["DataLakePrincipalIdentifier"].rsplit("-dev-", 1)[-1]
        rights.setdefault(role, set()).update(row["Resource"])
    return rights


def test_the_sync_works_through_its_connection(local_aws: LocalAws, contract: dict[str, Any]) -> None:
    def sync() -> dict[str, Any]:
        return LakeFormationSyncOperator(task_id="sync_permissions", product=PRODUCT).execute({})

    assert set(held(local_aws)) == {"airflow"}
    assert sync()["changes"] > 0
    rights = held(local_aws)
    assert rights["uk-analyst"] == {"DataCellsFilter"}
    assert "TableWithColumns" in rights["data-engineer"]
    assert "outsider" not in rights
    assert sync()["changes"] == 0


def test_without_the_connection_the_sync_is_refused(local_aws: LocalAws, contract: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    task = LakeFormationSyncOperator(task_id="sync_permissions", product=PRODUCT, aws_conn_id="aws_default")
    with pytest.raises(AirflowFailException, match="AccessDeniedException"):
        task.execute({})
    assert set(held(local_aws)) == {"airflow"}
