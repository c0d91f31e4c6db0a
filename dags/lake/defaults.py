"""What every task of the lake has in common."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from lake.alerts import FailureAlert
from lake.settings import LAKE

# Where operators find ``athena/...sql`` and ``redshift/...sql``: dags/sql is a link to sql/ and is deployed with dags/.
SQL_ROOT = str(Path(__file__).parents[1] / "sql")

# Retries are for what heals by itself (throttling, a busy warehouse). What cannot heal raises AirflowFailException.
# The delay follows the poll interval: two minutes on AWS, some seconds on a laptop.
DEFAULT_ARGS: dict[str, Any] = {
    "owner": "data-platform",
    "retries": 2,
    "retry_delay": timedelta(seconds=max(4, 4 * LAKE.poll_seconds)),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=20),
    "execution_timeout": timedelta(hours=1),
    "on_failure_callback": [FailureAlert()],
}


def watched(seconds: int = 3600) -> dict[str, Any]:
    """Arguments of an operator that waits in the triggerer for something that runs in Glue.

    :param seconds: how long at most
    """
    return {"waiter_delay": LAKE.poll_seconds, "waiter_max_attempts": LAKE.polls(seconds), "deferrable": True}


# Where statements run. Both wait in the triggerer.
ATHENA: dict[str, Any] = {"workgroup": LAKE.workgroup, "sleep_time": LAKE.poll_seconds, "deferrable": True}
REDSHIFT: dict[str, Any] = {
    "database": LAKE.warehouse_database,
    "workgroup_name": LAKE.workgroup,
    "poll_interval": LAKE.poll_seconds,
    "deferrable": True,
}
