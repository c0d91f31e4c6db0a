"""Assets the DAGs announce and wait for."""

from __future__ import annotations

from airflow.sdk import Asset

from lake.contracts import Contract
from lake.settings import LAKE

MART_FACT_SALES = Asset(name="mart.fact_sales")


def curated(terms: Contract) -> Asset:
    """Return the asset of a published table.

    Events carry extra: {"day": "2010-12-01", "rows": 3001, "version": "<run key>"}.

    :param terms: contract of the table
    """
    return Asset(name=terms.table("curated"), uri=LAKE.uri("curated", f"{terms.product}/"))
