"""Rows that a contract refuses at first and accepts later, so that the DAG that replays them has something to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.clients import service_client
from local.settings import REPOSITORY, LocalSettings

# Rules that the deployed contract gets for a while: a tenth of the rows breaks each of them.
RULES = {"code_ends_with_one": "stock_code LIKE '%1'", "code_ends_with_two": "stock_code LIKE '%2'"}


@contextmanager
def stricter_contract(settings: LocalSettings, product: str) -> Iterator[None]:
    """Let the jobs read a contract with more rules, and the repository's again at the end.

    :param product: product whose contract it is.
    """
    compiled = (REPOSITORY / "dags" / "contracts" / f"{product}.json").read_bytes()
    stricter = json.loads(compiled)
    template = stricter["row_rules"][0]
    for rule, condition in RULES.items():
        told = {"id": rule, "name": rule, "severity": "error", "fails_when": f"coalesce(({condition}), false)"}
        stricter["row_rules"].append({**template, **told})
    s3: Any = service_client("s3", settings)
    where = {"Bucket": settings.name("artifacts"), "Key": f"contracts/{product}.json"}
    s3.put_object(**where, Body=json.dumps(stricter).encode())
    try:
        yield
    finally:
        s3.put_object(**where, Body=compiled)
