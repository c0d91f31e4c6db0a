"""Assets the DAGs announce and wait for."""

from __future__ import annotations

from airflow.sdk import Asset

from lake.settings import LAKE

# Events carry extra: {"day": "2010-12-01", "rows": 3001, "version": "<run key>"}.
CURATED_ONLINE_RETAIL = Asset(name="curated.online_retail", uri=LAKE.uri("curated", "online_retail/"))

MART_FACT_SALES = Asset(name="mart.fact_sales")
