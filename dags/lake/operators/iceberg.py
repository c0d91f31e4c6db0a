"""Keep the Iceberg copy of a published table at the contract's version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException

from lake.catalog import CatalogConflictError
from lake.clients import client
from lake.contracts import compiled_contract
from lake.failures import failure, refused_call
from lake.iceberg import iceberg_statements, iceberg_table
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context

RIGHTS = (
    "The airflow role needs CREATE_TABLE on the database, ALTER on the table, the data location, and to read Iceberg's "
    "metadata files (docs/contract-changes.md, 'A copy in Iceberg's format')."
)
_POLL_SECONDS = 1
_MOST_POLLS = 300


class EnsureIcebergTableOperator(AwsBaseOperator[AthenaHook]):
    """Create ``<product>_iceberg`` in the curated database, or let it follow an additive change of the contract.

    New columns are added and types widened through Athena; no data file is touched. Any other difference fails the
    task and changes nothing. What was done in an attempt that died is not done again.

    :param product: data product (templated)
    """

    aws_hook_class = AthenaHook
    template_fields = aws_template_fields("product")

    def __init__(self, *, product: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.product = product

    def execute(self, context: Context) -> list[str]:
        """:return: the statements that were run"""
        from botocore.exceptions import ClientError

        compiled = compiled_contract(self.product)
        try:
            statements = iceberg_statements(compiled, self._existing(compiled), LAKE.bucket("curated"))
            for statement in statements:
                self._run(statement)
        except CatalogConflictError as error:
            raise AirflowFailException(str(error)) from error
        except ClientError as error:
            raise refused_call(
                error,
                f"keep {iceberg_table(compiled)}",
                RIGHTS,
            ) from error
        return statements

    def _existing(self, compiled: dict[str, Any]) -> dict[str, Any] | None:
        database, name = iceberg_table(compiled).split(".")
        catalog = client("glue", self.aws_conn_id)
        try:
            return dict(catalog.get_table(DatabaseName=database, Name=name)["Table"])
        except catalog.exceptions.EntityNotFoundException:
            return None

    def _run(self, statement: str) -> None:
        query = self.hook.run_query(statement, {}, {}, workgroup=LAKE.workgroup)
        state = self.hook.poll_query_status(query, max_polling_attempts=_MOST_POLLS, sleep_time=_POLL_SECONDS)
        if state != "SUCCEEDED":
            reason = self.hook.get_state_change_reason(query) or "no reason given"
            advice = f"\n{RIGHTS}" if "ACCESS_DENIED" in reason.upper().replace(" ", "_") else ""
            raise failure(
                f"Athena statement {query} ended {state}: {reason}\nStatement:\n{statement}{advice}",
                heals="COMMIT_ERROR" in reason,
            )
        self.log.info("%s", statement)
