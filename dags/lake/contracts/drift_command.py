"""Compare contracts with the live catalog and warehouse: ``python -m lake.contracts drift``.

Needs the AWS credentials of the environment (on a laptop ``. .sluice/env.sh``) and Airflow's ``[lake]`` settings. Exit
code: 0 no drift, 1 drift, 2 something could not be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from lake.catalog import contract_tables
from lake.contracts import CONTRACTS_FOLDER, UnknownContractError, compiled_contract, contract
from lake.contracts.drift import Drift, table_drift, warehouse_drift
from lake.contracts.odcs import ContractError, read_document, server
from lake.schema_check import compare_catalog
from lake.settings import LAKE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command.

    :param parser: parser of the command
    """
    parser.add_argument("products", nargs="*", metavar="PRODUCT", help="products to compare (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare and print.

    :param options: ``products`` and ``json``
    :return: exit code, see above
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = sorted({drift for product in options.products or _all() for drift in product_drift(product)})
    except (BotoCoreError, ClientError, ContractError, UnknownContractError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.json:
        sys.stdout.write(json.dumps({"drift": [asdict(drift) for drift in found]}, indent=1) + "\n")
    else:
        sys.stdout.write("".join(f"{drift}\n" for drift in found) or "No drift.\n")
    return 1 if found else 0


def _all() -> list[str]:
    return sorted(path.name.removesuffix(".odcs.yaml") for path in CONTRACTS_FOLDER.glob("*.odcs.yaml"))


def product_drift(product: str) -> Iterator[Drift]:
    """Compare one product with the catalog and the warehouse.

    :param product: its name
    """
    import boto3

    glue, terms = boto3.client("glue"), contract(product)
    for wanted in contract_tables(terms, LAKE):
        yield from table_drift(wanted, _glue_table(glue, wanted.database, wanted.name))
    # The landing table is the crawler's: it may be missing, and its types are only what the crawler guessed.
    if (landed := _glue_table(glue, *terms.table("landing").split("."))) is not None:
        columns = [column["Name"] for column in landed["StorageDescriptor"]["Columns"]]
        for difference in compare_catalog(terms.table("landing"), columns, terms):
            yield Drift(difference.where, difference.what, difference.fix)
    yield from _warehouse(product)


def _glue_table(glue: Any, database: str, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = glue.get_table(DatabaseName=database, Name=name)["Table"]
    except glue.exceptions.EntityNotFoundException:
        return None
    return found


def _warehouse(product: str) -> Iterator[Drift]:
    """Compare the product's own table of the warehouse, if it has one; marts are made by SQL files."""
    import boto3

    document = read_document(CONTRACTS_FOLDER / f"{product}.odcs.yaml")
    schema = server(document, "warehouse").get("schema")
    if schema is None:
        return
    pages = (
        boto3.client("redshift-data")
        .get_paginator("describe_table")
        .paginate(Database=LAKE.warehouse_database, WorkgroupName=LAKE.workgroup, Schema=schema, Table=product)
    )
    columns = [column for page in pages for column in page["ColumnList"]]
    if columns:
        yield from warehouse_drift(f"{schema}.{product}", compiled_contract(product), columns)
