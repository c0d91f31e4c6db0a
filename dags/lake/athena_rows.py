"""Rows of an Athena query that has ended."""

from __future__ import annotations

from typing import Any


def athena_rows(athena: Any, query_id: str) -> list[list[str | None]]:
    """Return the rows of a SELECT as text, its column names first (Athena API reference, GetQueryResults).

    :param athena: boto3 Athena client
    :param query_id: id of a query that succeeded
    """
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id)
    rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
    return [[cell.get("VarCharValue") for cell in row] for row in rows]
