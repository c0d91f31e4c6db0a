"""The data contracts as DAG files and tasks read them: compiled JSON, read with the standard library only.

DAG files call :func:`contract`, which reads the slim index once per process. Tasks that need columns, rules or
permissions call :func:`compiled_contract` at run time. Both files are written by ``python -m lake.contracts.compile``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CONTRACTS_FOLDER = Path(__file__).resolve().parents[2] / "contracts"
INDEX_FILE = CONTRACTS_FOLDER / "index.json"


class UnknownContractError(LookupError):
    """A product was asked for that no contract describes."""


@dataclass(frozen=True)
class QuarantinePolicy:
    """How much of a delivery may be quarantined before people must look.

    :param warn_percent: share of the lines (0 to 100) above which the day is published with a warning
    :param max_percent: share of the lines (0 to 100) above which the day is not published
    :param retention_days: days after which quarantined rows are deleted
    """

    warn_percent: float
    max_percent: float
    retention_days: int


@dataclass(frozen=True)
class LandingColumn:
    """A delivered column.

    :param name: header name as delivered
    :param required: True when a file without it is refused
    """

    name: str
    required: bool


@dataclass(frozen=True)
class Column:
    """A published column.

    :param name: column name
    :param type: type in Athena and in the Glue catalog
    :param required: True when it is never NULL
    """

    name: str
    type: str
    required: bool


@dataclass(frozen=True)
class Contract:
    """What a DAG file needs of one data contract.

    :param product: name of the data product, also the name of its tables
    :param version: semantic version of the contract
    :param hash: fingerprint of everything the contract says, 16 hexadecimal digits
    :param owner: team that answers for the product
    :param domain: business domain, used in tags
    :param schedule: cron expression of the daily run
    :param landing_prefix: key prefix below the landing bucket, with a trailing slash
    :param landing_partition_key: name of the delivery day in keys and tables, ``ingest_date``
    :param completeness_marker: object that says a day is complete, or None when every file counts on its own
    :param databases: database by zone: landing, staging, curated, quarantine
    :param partition_column: partition column of the published table
    :param on_refused_file: ``stop`` or ``continue``, what happens to a day that holds an unreadable file
    :param landing_columns: delivered columns, in the usual order of the header
    :param columns: published columns in table order, the partition column among them
    :param quarantine: see :class:`QuarantinePolicy`
    """

    product: str
    version: str
    hash: str
    owner: str
    domain: str
    schedule: str
    landing_prefix: str
    landing_partition_key: str
    completeness_marker: str | None
    databases: dict[str, str]
    partition_column: str
    on_refused_file: str
    landing_columns: tuple[LandingColumn, ...]
    columns: tuple[Column, ...]
    quarantine: QuarantinePolicy

    def table(self, zone: str) -> str:
        """Return ``database.table`` of a zone.

        :param zone: landing, staging, curated or quarantine
        :raises KeyError: if the contract has no such zone
        """
        return f"{self.databases[zone]}.{self.product}"

    @property
    def compiled_file(self) -> str:
        """File name of the full compiled contract, below ``contracts/`` in dags and in the artifacts bucket."""
        return f"{self.product}.json"


@cache
def contracts() -> dict[str, Contract]:
    """Return every contract of the index by product."""
    index = json.loads(INDEX_FILE.read_text(encoding="utf-8"))
    return {product: _contract(product, entry) for product, entry in index["products"].items()}


def contract(product: str) -> Contract:
    """Return the contract of one product.

    :param product: name of the data product
    :raises UnknownContractError: if the index has no such product
    """
    known = contracts()
    if product not in known:
        raise UnknownContractError(
            f"No contract for product {product!r} in {INDEX_FILE.name}; known: {', '.join(sorted(known)) or 'none'}. "
            f"Write contracts/{product}.odcs.yaml and run `make contracts`."
        )
    return known[product]


def compiled_contract(product: str) -> dict[str, Any]:
    """Read the full compiled contract. For tasks, not for the top level of a DAG file.

    :param product: name of the data product
    :raises UnknownContractError: if the index has no such product
    """
    path = CONTRACTS_FOLDER / contract(product).compiled_file
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _contract(product: str, entry: dict[str, Any]) -> Contract:
    return Contract(
        product=product,
        version=entry["version"],
        hash=entry["hash"],
        owner=entry["owner"],
        domain=entry["domain"],
        schedule=entry["schedule"],
        landing_prefix=entry["landing_prefix"],
        landing_partition_key=entry["landing_partition_key"],
        completeness_marker=entry["completeness_marker"],
        databases=dict(entry["databases"]),
        partition_column=entry["partition_column"],
        on_refused_file=entry["on_refused_file"],
        landing_columns=tuple(LandingColumn(**column) for column in entry["landing_columns"]),
        columns=tuple(Column(**column) for column in entry["columns"]),
        quarantine=QuarantinePolicy(**entry["quarantine"]),
    )
