"""The data contracts as DAG files and tasks read them: compiled JSON, read with the standard library only.

DAG files call :func:`contract`, which reads the slim index once per process. Columns, rules and permissions are in a
file per product that tasks read at run time, by :func:`compiled_contract`. ``make contracts`` writes both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
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
    """What a DAG file needs of one data contract. Columns are read from the full contract when somebody asks for them.

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
    :param data_product: data product the table belongs to; several tables may form one
    :param quality_engines: what evaluates the table rules: ``greatExpectations``, ``glueDataQuality`` or both
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
    data_product: str
    quality_engines: tuple[str, ...]
    quarantine: QuarantinePolicy

    @cached_property
    def landing_columns(self) -> tuple[LandingColumn, ...]:
        """Delivered columns, in the usual order of the header. Not for the top level of a DAG file."""
        return tuple(LandingColumn(**column) for column in compiled_contract(self.product)["landing"]["columns"])

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Published columns in table order, the partition column among them. Not for the top level of a DAG file."""
        return tuple(
            Column(column["name"], column["athena_type"], column["required"])
            for column in compiled_contract(self.product)["columns"]
        )

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
def _index() -> dict[str, dict[str, Any]]:
    index: dict[str, Any] = json.loads(INDEX_FILE.read_text(encoding="utf-8"))
    return dict(index["products"])


def products() -> list[str]:
    """Return the name of every product that has a contract, in the order of the alphabet."""
    return sorted(_index())


@cache
def contract(product: str) -> Contract:
    """Return the contract of one product.

    :param product: name of the data product
    :raises UnknownContractError: if the index has no such product
    """
    entry = _index().get(product)
    if entry is None:
        raise UnknownContractError(
            f"No contract for product {product!r} in {INDEX_FILE.name}; known: {', '.join(products()) or 'none'}. "
            f"Write contracts/{product}.odcs.yaml and run `make contracts`."
        )
    return Contract(
        product=product,
        **{
            **entry,
            "quality_engines": tuple(entry["quality_engines"]),
            "quarantine": QuarantinePolicy(**entry["quarantine"]),
        },
    )


def compiled_contract(product: str) -> dict[str, Any]:
    """Read the full compiled contract. For tasks, not for the top level of a DAG file.

    :param product: name of the data product
    :raises UnknownContractError: if the index has no such product
    """
    path = CONTRACTS_FOLDER / contract(product).compiled_file
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document
