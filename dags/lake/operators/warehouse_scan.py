"""Search the whole warehouse for people: every text column of every table and materialized view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from lake.operators.redshift import RedshiftStatementOperator, records

if TYPE_CHECKING:
    from airflow.sdk import Context

NO_COLUMN = "SELECT 'none' AS place, 0 AS found"


class ScanWarehouseOperator(RedshiftStatementOperator):
    """Fail if a pseudonym of the list is left in any text column. Returns the columns that were searched.

    ``sql`` answers schema, table and column of every text column.

    :param listing: statements that bring the list into the temporary table ``erased_subjects`` (templated)
    """

    template_fields = (*RedshiftStatementOperator.template_fields, "listing")

    def __init__(self, *, listing: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.listing = listing

    def execute(self, context: Context) -> list[str]:
        (statement_id,) = super().execute(context)
        return self._scan(statement_id)

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> list[str]:
        (statement_id,) = super().execute_complete(context, event)
        return self._scan(statement_id)

    def _scan(self, statement_id: str) -> list[str]:
        columns = [
            (str(schema), str(table), str(name)) for schema, table, name in records(self.hook.conn, statement_id)
        ]
        scan_id = self._run([*self.listing, " UNION ALL ".join(map(_count, columns)) or NO_COLUMN])
        left = [(place, int(count)) for place, count in records(self.hook.conn, f"{scan_id}:{len(self.listing) + 1}")]
        still = [f"{place}: {count} row(s)" for place, count in left if count]
        if still:
            raise AirflowFailException(
                "The warehouse still holds the subject:\n- "
                + "\n- ".join(still)
                + "\nErase these tables by hand or add them to the DAG, then clear this task."
            )
        return [place for place, _ in left]


def _count(column: tuple[str, str, str]) -> str:
    schema, table, name = map(_quoted, column)
    place = ".".join(column).replace("'", "''")
    return (
        f"SELECT '{place}' AS place, COUNT(*) AS found FROM {schema}.{table} "
        f"WHERE {name} IN (SELECT pseudonym FROM erased_subjects)"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
