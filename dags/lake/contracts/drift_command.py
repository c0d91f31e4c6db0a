"""Compare contracts with the live catalog and warehouse: ``python -m lake.contracts drift``.

Needs credentials that may read the Glue catalog and describe tables of the warehouse, which the DAGs' role may not (on
a laptop ``. .sluice/env.sh``, then profile ``local-admin``), and Airflow's ``[lake]`` settings. Exit code: 0 no drift,
1 drift, 2 something could not be read; what was found all the same is printed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lake.catalog import contract_tables
from lake.contracts import CONTRACTS_FOLDER, UnknownContractError, compiled_contract, contract
from lake.contracts.drift import Drift, table_drift, warehouse_drift
from lake.contracts.odcs import ContractError, read_document, server
from lake.schema_check import compare_catalog
from lake.settings import LAKE

if TYPE_CHECKING:
    from botocore.exceptions import ClientError


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
    found, unread = compare(options.products or _all())
    if options.json:
        document = {"drift": [asdict(drift) for drift in found], "not_compared": unread}
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
    else:
        nothing = "No drift in what could be compared.\n" if unread else "No drift.\n"
        sys.stdout.write("".join(f"{drift}\n" for drift in found) or nothing)
    sys.stderr.write("".join(f"{problem}\n" for problem in unread))
    return 2 if unread else 1 if found else 0


def compare(products: Sequence[str]) -> tuple[list[Drift], list[str]]:
    """Compare products with the catalog and the warehouse; what one refuses does not hide what the other answered.

    :param products: their names
    :return: the differences, and what could not be read and why
    """
    from botocore.exceptions import BotoCoreError, ClientError

    found: set[Drift] = set()
    unread: dict[str, None] = {}
    for product in products:
        try:
            contract(product)
        except (ContractError, UnknownContractError) as error:
            unread[str(error)] = None
            continue
        for place, drifts in (("Glue catalog", _catalog), ("warehouse", _warehouse)):
            try:
                found.update(drifts(product))
            except ClientError as error:
                unread[_refusal(place, error)] = None
            except BotoCoreError as error:
                # no credentials or nobody there: the next question would only wait as long
                return sorted(found), [*unread, f"The {place} was not compared: {error}"]
    return sorted(found), list(unread)


def _refusal(place: str, error: ClientError) -> str:
    answer = error.response["Error"]
    if "AccessDenied" not in answer["Code"]:
        return f"The {place} was not compared: {error}"
    action = re.search(r"perform: (\S+)", answer["Message"])
    right = action[1].rstrip(".,") if action else f"{error.operation_name} ({answer['Message']})"
    return (
        f"The {place} was not compared: the caller lacks the right {right}. The DAGs' role does not have it; use a role"
        " that may look at all of the environment (docs/contract-changes.md). On the laptop:"
        " export AWS_PROFILE=local-admin; unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"
    )


def _all() -> list[str]:
    return sorted(path.name.removesuffix(".odcs.yaml") for path in CONTRACTS_FOLDER.glob("*.odcs.yaml"))


def _catalog(product: str) -> Iterator[Drift]:
    """Compare the product's tables of every zone."""
    import boto3

    glue, terms = boto3.client("glue"), contract(product)
    for wanted in contract_tables(terms, LAKE):
        yield from table_drift(wanted, _glue_table(glue, wanted.database, wanted.name))
    # The landing table is the crawler's: it may be missing, and its types are only what the crawler guessed.
    if (landed := _glue_table(glue, *terms.table("landing").split("."))) is not None:
        columns = [column["Name"] for column in landed["StorageDescriptor"]["Columns"]]
        for difference in compare_catalog(terms.table("landing"), columns, terms):
            yield Drift(difference.where, difference.what, difference.fix)


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
