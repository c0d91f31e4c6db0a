"""The tables of a run as DuckDB tables: the partitions registered in the catalog, as far as the predicates leave them.

Partition projection is Athena's: a Glue job, and so a run, does not know it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local.services.athena.catalog import Catalog, Table
from local.services.athena.errors import QueryFailed, engine_failure
from local.services.athena.functions.nodes import Node
from local.services.athena.hive_types import duckdb_type
from local.services.athena.names import identifier
from local.services.athena.references import lower_names
from local.services.athena.scan import TableScanner
from local.services.athena.storage import Storage
from local.services.glue.data_quality.evaluation.datasets import ColumnInfo, Dataset
from local.services.glue.data_quality.role_access import RoleAccess, RunFailed

CATALOG_PREDICATE, PUSH_DOWN_PREDICATE = "catalogPartitionPredicate", "pushDownPredicate"


class SourceReader:
    """Reads the tables of one run.

    :param connection: of the run.
    :param catalog: the Data Catalog as the role may read it.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, catalog: Catalog, rights: RoleAccess) -> None:
        self._connection = connection
        self._catalog = catalog
        self._rights = rights
        self._storage = Storage(rights)

    def load(self, alias: str, source: Mapping[str, Any]) -> Dataset:
        """Read a table into the run's database.

        :param alias: name for the rules.
        :param source: member ``GlueTable`` or ``DataQualityGlueTable`` of a DataSource.
        :raises RunFailed: there is no such table, the role may not read it, or its files cannot be read.
        """
        try:
            table = self._table(source["DatabaseName"], source["TableName"])
            conditions = partition_conditions(table, source.get("AdditionalOptions") or {})
            return self._load(alias, table, conditions)
        except QueryFailed as error:
            raise RunFailed(error.reason) from error
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise RunFailed(str(engine_failure(error))) from error

    def _table(self, database: str, name: str) -> Table:
        if self._catalog.database(database) is None:
            raise RunFailed(f"EntityNotFoundException: Database {database} not found.")
        found = self._catalog.table(database, name)
        if found is None:
            raise RunFailed(f"EntityNotFoundException: Table {name} not found.")
        if found.is_view:
            raise RunFailed(f"{database}.{name} is a view: Glue Data Quality reads tables only.")
        self._rights.require_all_rows(found.database, found.name, [column.name for column in found.columns])
        if found.location:
            self._rights.reaches(found.location)
        projection = {key for key in found.parameters if key.startswith(("projection.", "storage.location.template"))}
        kept = {key: value for key, value in found.parameters.items() if key not in projection}
        return Table(found.database, {**found.definition, "Parameters": kept})

    def _load(self, alias: str, table: Table, conditions: Sequence[Node]) -> Dataset:
        scanner = TableScanner(self._connection, self._storage, self._catalog)
        name = f"table__{alias}"
        self._connection.execute(f"CREATE TEMP TABLE {identifier(name)} AS {scanner.relation(table, conditions)}")
        columns = {
            column.name: ColumnInfo(column.name, duckdb_type(column.type), column.type) for column in table.columns
        }
        return Dataset(name, columns)


def partition_conditions(table: Table, options: Mapping[str, str]) -> list[Node]:
    """The predicates of ``AdditionalOptions``, both over partition keys only.

    :raises RunFailed: not a condition, or about something else.
    """
    keys = [key.name for key in table.partition_keys]
    found: list[Node] = []
    for name in (CATALOG_PREDICATE, PUSH_DOWN_PREDICATE):
        text = options.get(name)
        if not text:
            continue
        try:
            tree = sqlglot.parse_one(text, read="spark")
        except SqlglotError as error:
            first_line = str(error).split("\n", 1)[0]
            raise RunFailed(f"InvalidInputException: Unsupported expression '{text}': {first_line}") from error
        lower_names(tree)
        named = {column.name for column in tree.find_all(exp.Column)}
        if tree.find(exp.Query) is not None or not named:
            raise RunFailed(f"InvalidInputException: Unsupported expression '{text}'")
        if not named <= set(keys):
            raise RunFailed(
                f"AnalysisException: User's pushdown predicate: {text} can not be resolved against partition columns: "
                f"[{', '.join(keys)}]"
            )
        found.append(tree)
    return found
