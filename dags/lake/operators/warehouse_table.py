"""Keep the warehouse's table of a product as its contract says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from lake.contracts import compiled_contract
from lake.operators.redshift import RedshiftStatementOperator, records
from lake.warehouse_table import WarehouseConflictError, catalog_columns, columns_query, create_statement, evolution

if TYPE_CHECKING:
    from airflow.sdk import Context


class EnsureWarehouseTableOperator(RedshiftStatementOperator):
    """Create the table of a product, or add nullable columns and widen varchars of the one there is.

    A change that would touch loaded rows fails with the differences, and changes nothing.

    :param product: data product, also the table's name
    :param schema: schema in Redshift, which must exist
    """

    def __init__(self, *, product: str, schema: str, **kwargs: Any) -> None:
        super().__init__(sql=columns_query(schema, product), **kwargs)
        self.product = product
        self.schema = schema

    def execute(self, context: Context) -> list[str]:
        (statement_id,) = super().execute(context)
        return self._follow(statement_id)

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> list[str]:
        (statement_id,) = super().execute_complete(context, event)
        return self._follow(statement_id)

    def _follow(self, statement_id: str) -> list[str]:
        """:return: the statements that were needed"""
        compiled = compiled_contract(self.product)
        existing = catalog_columns(list(records(self.hook.conn, statement_id)))
        try:
            statements = (
                evolution(self.schema, compiled, existing) if existing else [create_statement(self.schema, compiled)]
            )
        except WarehouseConflictError as error:
            raise AirflowFailException(str(error)) from error
        for statement in statements:
            self.log.info("%s", statement)
            self._run(statement)
        return statements
