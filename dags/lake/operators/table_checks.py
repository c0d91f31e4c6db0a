"""Evaluate the rules of a contract that need other tables or history, before the day is judged."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from lake.athena_rows import athena_rows
from lake.clients import client
from lake.contracts import compiled_contract, contract
from lake.failures import refused_call
from lake.operators.athena import AthenaStatementOperator
from lake.table_checks import Answer, Day, Target, failed_before, outcomes, statement, target_product

if TYPE_CHECKING:
    from airflow.sdk import Context

SNAPSHOT = "${ingest_date}"  # how a contract computes the partition of a table that is delivered whole every time


class CheckTablesOperator(AthenaStatementOperator):
    """Ask Athena one statement about the day in staging; nothing is judged here.

    Returns ``checks`` in the layout of the Glue job's result, and ``failed_before``: on how many of the days before
    each rule failed.

    :param product: data product
    :param day: day under test (templated)
    :param run_key: run whose rows are looked at (templated)
    """

    template_fields = (*AthenaStatementOperator.template_fields, "product", "day", "run_key")

    def __init__(self, *, product: str, day: str, run_key: str, **kwargs: Any) -> None:
        super().__init__(query="", **kwargs)
        self.product = product
        self.day = day
        self.run_key = run_key

    def execute(self, context: Context) -> Any:
        self.query = self._statement()
        query_id = super().execute(context)
        return self._result(str(query_id))

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        return self._result(super().execute_complete(context, event))

    @property
    def _rules(self) -> list[dict[str, Any]]:
        rules: list[dict[str, Any]] = compiled_contract(self.product)["lake_rules"]
        return rules

    def _statement(self) -> str:
        staging = (contract(self.product).databases["staging"], self.product)
        return statement(self.product, self._rules, Day(staging, self.day, self.run_key), self._targets())

    def _targets(self) -> dict[str, Target]:
        from botocore.exceptions import ClientError

        products = {name for name in map(target_product, self._rules) if name}
        try:
            found = {product: self._target(product) for product in sorted(products)}
        except ClientError as error:
            raise refused_call(
                error, f"look at what {self.product} refers to", "The airflow role reads the catalog of curated tables."
            ) from error
        return {product: target for product, target in found.items() if target is not None}

    def _target(self, product: str) -> Target | None:
        """:return: of a snapshot the newest one that is not younger than the day, of other tables all days up to it"""
        terms = contract(product)
        database, table = terms.table("curated").split(".")
        column = terms.partition_column
        catalog = client("glue", self.aws_conn_id)
        try:
            pages = catalog.get_paginator("get_partitions").paginate(
                DatabaseName=database, TableName=table, Expression=f"{column} <= '{self.day}'"
            )
            days = sorted(partition["Values"][0] for page in pages for partition in page["Partitions"])
        except catalog.exceptions.EntityNotFoundException:
            return None
        if not days:
            return None
        columns = {entry["name"]: entry for entry in compiled_contract(product)["columns"]}
        if columns[column]["expression"] == SNAPSHOT:
            return Target((database, table), f"\"{column}\" = DATE '{days[-1]}'")
        return Target((database, table), f"\"{column}\" <= DATE '{self.day}'")

    def _result(self, query_id: str) -> dict[str, Any]:
        answers = self._answers(query_id)
        by_rule = {answer.rule_id: answer for answer in answers}
        age = datetime.now(UTC).date() - (date.fromisoformat(self.day) + timedelta(days=1))
        try:
            checks = outcomes(self._rules, by_rule, age.days)
        except ValueError as error:
            raise AirflowFailException(f"{error}; the Athena statement is {query_id}") from error
        for check in checks:
            self.log.info("%s: %s, observed %s, expected %s", check["id"], check["success"], check["observed"],
                          check["expected"])  # fmt: skip
        return {"checks": checks, "failed_before": failed_before(answers)}

    def _answers(self, query_id: str) -> list[Answer]:
        athena: Any = self.hook.conn
        _, *rows = athena_rows(athena, query_id)
        return [Answer(str(rule), int(str(failing)), int(str(total)), seen) for rule, failing, total, seen in rows]
