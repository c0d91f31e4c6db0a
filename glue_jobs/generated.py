"""The generated columns of a product: computed by functions that its contract names (``generatedBy``)."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module

from pyspark.sql import DataFrame

from glue_jobs.contracts import Contract
from glue_jobs.problems import ContractMismatch

Finish = Callable[[DataFrame], DataFrame]

# Only code of this package: a contract is data and must not choose what else is run.
_FUNCTION = re.compile(r"glue_jobs\.([a-z][a-z0-9_]*)\.transforms\.([a-z][a-z0-9_]*)")


def column_generator(contract: Contract) -> Finish:
    """Return the function that adds every generated column of a product to its publishable rows.

    :param contract: the compiled contract
    :raises ContractMismatch: if it names a function that this deployment of the jobs does not have
    """
    names = dict.fromkeys(column.generated_by for column in contract.columns if column.generated_by)
    functions = [_function(name, contract) for name in names]

    def finish(rows: DataFrame) -> DataFrame:
        for function in functions:
            rows = function(rows)
        return rows

    return finish


def _function(name: str, contract: Contract) -> Finish:
    where = f"generatedBy {name!r} of contract {contract.product}"
    match = _FUNCTION.fullmatch(name)
    if match is None:
        raise ContractMismatch(f"{where} is not of the form glue_jobs.<product>.transforms.<function>.")
    try:
        function: Finish = getattr(import_module(f"glue_jobs.{match[1]}.transforms"), match[2])
    except (ImportError, AttributeError) as error:
        raise ContractMismatch(f"{where} cannot be loaded ({error}): deploy job and contracts together.") from error
    return function
