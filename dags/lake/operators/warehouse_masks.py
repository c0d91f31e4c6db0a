"""Keep roles, rights and masks of the warehouse as a contract says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lake import warehouse_masks
from lake.contracts import compiled_contract
from lake.operators.redshift import RedshiftStatementOperator, records

if TYPE_CHECKING:
    from airflow.sdk import Context


class SyncMasksOperator(RedshiftStatementOperator):
    """Create missing roles and masking policies, attach and detach masks, grant what roles may read.

    Needs the database role sys:secadmin. Returns the statements that changed something or granted again.

    :param product: data product whose contract says who sees what
    :param schema: schema in Redshift
    :param tables: tables and materialized views that hold the product
    """

    def __init__(self, *, product: str, schema: str, tables: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(sql=warehouse_masks.queries(schema), **kwargs)
        self.product = product
        self.schema = schema
        self.tables = tables

    def execute(self, context: Context) -> list[str]:
        return self._sync(super().execute(context))

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> list[str]:
        return self._sync(super().execute_complete(context, event))

    def _sync(self, statement_ids: list[str]) -> list[str]:
        """:param statement_ids: one for each query of the batch"""
        state = warehouse_masks.found([list(records(self.hook.conn, query)) for query in statement_ids])
        compiled = compiled_contract(self.product)
        needed = list(warehouse_masks.statements(compiled, self.schema, self.tables, state))
        for statement in needed:
            self.log.info("%s", statement)
            self._run(statement)
        return needed
