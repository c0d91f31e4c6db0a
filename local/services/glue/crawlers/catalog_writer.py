"""Writes what a crawl found, through the Glue API and as the crawler's role, so that Lake Formation has its say."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from local.services.glue.crawlers.configuration import CrawlerConfiguration
from local.services.glue.crawlers.layout import FoundTable
from local.services.glue.crawlers.records import DEFAULT_CHANGE_POLICY, Crawl, Crawler
from local.services.glue.crawlers.table_inputs import distinct_name, partition_input, table_input, table_name

CREATED_BY = "UPDATED_BY_CRAWLER"
DEPRECATED = "DEPRECATED_BY_CRAWLER"
PARTITION_BATCH = 100
DELETE_BATCH = 25

# What is not part of a TableInput in the answer of GetTable
_ANSWER_ONLY = {
    "DatabaseName",
    "CreateTime",
    "UpdateTime",
    "CreatedBy",
    "IsRegisteredWithLakeFormation",
    "CatalogId",
    "VersionId",
    "IsMultiDialectView",
    "IsMaterializedView",
    "FederatedTable",
    "Status",
}
_PARTITION_ANSWER_ONLY = {"DatabaseName", "TableName", "CreationTime", "CatalogId"}


class CatalogWriter:
    """One crawl's changes to one database.

    :param glue: client of the crawler's role
    :param say: writes a line into the crawl's log
    """

    def __init__(
        self, glue: Any, crawler: Crawler, crawl: Crawl, configuration: CrawlerConfiguration, say: Callable[[str], None]
    ) -> None:
        self.glue = glue
        self.crawler = crawler
        self.crawl = crawl
        self.configuration = configuration
        self.say = say
        self.database: str = crawler.definition["DatabaseName"].lower()
        policy = DEFAULT_CHANGE_POLICY | (crawler.definition.get("SchemaChangePolicy") or {})
        self.may_update = policy["UpdateBehavior"] == "UPDATE_IN_DATABASE"
        self.on_delete: str = policy["DeleteBehavior"]
        self.tables: dict[str, dict[str, Any]] = {}

    def read_tables(self) -> dict[str, dict[str, Any]]:
        """Read the database as it is now.

        :return: tables by name
        """
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=self.database)
        self.tables = {table["Name"]: table for answer in pages for table in answer["TableList"]}
        return self.tables

    def partitions_of(self, name: str) -> list[dict[str, Any]]:
        pages = self.glue.get_paginator("get_partitions").paginate(DatabaseName=self.database, TableName=name)
        return [partition for answer in pages for partition in answer["Partitions"]]

    def own_tables(self) -> list[dict[str, Any]]:
        """Tables that this crawler has made."""
        return [
            table for table in self.tables.values() if table.get("Parameters", {}).get(CREATED_BY) == self.crawler.name
        ]

    # --- what was found ------------------------------------------------------------------------------------------

    def write(self, found: FoundTable) -> str:
        """Create or update a table and its partitions.

        :return: the table's name
        """
        name = self._name_for(found)
        wanted = table_input(found, name, self.crawler.name)
        existing = self.tables.get(name)
        if existing is None:
            self.glue.create_table(DatabaseName=self.database, TableInput=wanted)
            self.crawl.tables_created += 1
            self.say(f"INFO : Created table {name} in database {self.database}")
            self.tables[name] = wanted
        else:
            self._update(existing, wanted)
        if found.partition_keys:
            self._write_partitions(found, name)
        return name

    def _name_for(self, found: FoundTable) -> str:
        name = table_name(found, self.crawler.definition.get("TablePrefix") or "")
        taken = self.tables.get(name)
        if taken is None or _same_location(taken, found.location):
            return name
        return distinct_name(name, found.location)

    def _update(self, existing: dict[str, Any], wanted: dict[str, Any]) -> None:
        name = existing["Name"]
        before, after = _shape(existing), _shape(wanted)
        if before["keys"] != after["keys"]:
            self.say(
                f"WARN : Table {name} has the partition keys {before['keys']}, the files {after['keys']}; left as it is"
            )
            return
        if not self.may_update:
            if before != after:
                self.say(
                    f"INFO : Table {name}: schema change not applied because UpdateBehavior is LOG: {before} -> {after}"
                )
            return
        changed = {name: value for name, value in existing.items() if name not in _ANSWER_ONLY}
        changed["Parameters"] = {
            name: value for name, value in (existing.get("Parameters") or {}).items() if name != DEPRECATED
        } | wanted["Parameters"]
        columns = wanted["StorageDescriptor"]["Columns"]
        if self.configuration.merge_new_columns:
            columns = _with_new_columns(existing["StorageDescriptor"]["Columns"], columns)
        changed["StorageDescriptor"] = wanted["StorageDescriptor"] | {"Columns": columns}
        if changed == {name: value for name, value in existing.items() if name not in _ANSWER_ONLY}:
            return
        self.glue.update_table(DatabaseName=self.database, TableInput=changed, VersionId=existing["VersionId"])
        self.tables[name] = changed
        self.crawl.tables_updated += 1
        self.say(f"INFO : Updated table {name} in database {self.database}")

    def _write_partitions(self, found: FoundTable, name: str) -> None:
        inherited = self.tables[name]["StorageDescriptor"]["Columns"] if self.configuration.partitions_inherit else None
        known = {tuple(partition["Values"]): partition for partition in self.partitions_of(name)}
        wanted = [partition_input(folder, found, self.crawler.name, inherited) for folder in found.partitions]
        new = [partition for partition in wanted if tuple(partition["Values"]) not in known]
        for start in range(0, len(new), PARTITION_BATCH):
            self.glue.batch_create_partition(
                DatabaseName=self.database, TableName=name, PartitionInputList=new[start : start + PARTITION_BATCH]
            )
        changed = [
            partition
            for partition in wanted
            if tuple(partition["Values"]) in known
            and self.may_update
            and _differs(known[tuple(partition["Values"])], partition)
        ]
        for partition in changed:
            self.glue.update_partition(
                DatabaseName=self.database,
                TableName=name,
                PartitionValueList=partition["Values"],
                PartitionInput=partition,
            )
        if new or changed:
            self.say(f"INFO : Table {name}: {len(new)} partition(s) created, {len(changed)} updated")

    # --- what is gone --------------------------------------------------------------------------------------------

    def forget_missing(self, found: dict[str, FoundTable], targets: list[str], keep_partitions: bool) -> None:
        """Deal with tables and partitions whose files are gone, as the crawler's DeleteBehavior says.

        :param found: found tables by their names in the catalog
        :param targets: include paths that were crawled, with their slash
        :param keep_partitions: only new folders were crawled, so what was not seen is not missing
        """
        if keep_partitions:
            return
        for table in self.own_tables():
            location = table["StorageDescriptor"]["Location"]
            if table["Name"] in found:
                self._forget_partitions(table["Name"], found[table["Name"]])
            elif any(location.startswith(target) for target in targets):
                self._forget_table(table)

    def _forget_table(self, table: dict[str, Any]) -> None:
        name = table["Name"]
        if self.on_delete == "DELETE_FROM_DATABASE":
            self.glue.delete_table(DatabaseName=self.database, Name=name)
            self.crawl.tables_deleted += 1
            self.say(f"INFO : Deleted table {name}: no files in {table['StorageDescriptor']['Location']}")
        elif self.on_delete == "DEPRECATE_IN_DATABASE":
            if DEPRECATED in table["Parameters"]:
                return
            changed = {name: value for name, value in table.items() if name not in _ANSWER_ONLY}
            changed["Parameters"] = table["Parameters"] | {DEPRECATED: _milliseconds()}
            self.glue.update_table(DatabaseName=self.database, TableInput=changed)
            self.crawl.tables_updated += 1
            self.say(f"INFO : Deprecated table {name}: no files in {table['StorageDescriptor']['Location']}")
        else:
            self.say(f"INFO : Table {name} has no files any more; left because DeleteBehavior is LOG")

    def _forget_partitions(self, name: str, found: FoundTable) -> None:
        present = {tuple(folder.values) for folder in found.partitions}
        gone = [partition for partition in self.partitions_of(name) if tuple(partition["Values"]) not in present]
        if not gone:
            return
        values = [partition["Values"] for partition in gone]
        if self.on_delete == "DELETE_FROM_DATABASE":
            for start in range(0, len(values), DELETE_BATCH):
                batch = [{"Values": value} for value in values[start : start + DELETE_BATCH]]
                self.glue.batch_delete_partition(DatabaseName=self.database, TableName=name, PartitionsToDelete=batch)
            self.say(f"INFO : Table {name}: deleted {len(gone)} partition(s) without files: {values}")
        elif self.on_delete == "DEPRECATE_IN_DATABASE":
            self._deprecate_partitions(name, gone)
        else:
            self.say(f"INFO : Table {name}: partition(s) {values} have no files; left because DeleteBehavior is LOG")

    def _deprecate_partitions(self, name: str, gone: list[dict[str, Any]]) -> None:
        fresh = [partition for partition in gone if DEPRECATED not in (partition.get("Parameters") or {})]
        for partition in fresh:
            changed = {key: value for key, value in partition.items() if key not in _PARTITION_ANSWER_ONLY}
            changed["Parameters"] = (partition.get("Parameters") or {}) | {DEPRECATED: _milliseconds()}
            self.glue.update_partition(
                DatabaseName=self.database,
                TableName=name,
                PartitionValueList=partition["Values"],
                PartitionInput=changed,
            )
        if fresh:
            self.say(f"INFO : Table {name}: deprecated {len(fresh)} partition(s) without files")


def _milliseconds() -> str:
    return str(int(time.time() * 1000))


def _same_location(table: dict[str, Any], location: str) -> bool:
    stored = (table.get("StorageDescriptor") or {}).get("Location", "")
    return bool(stored.rstrip("/") == location.rstrip("/"))


def _shape(table: dict[str, Any]) -> dict[str, Any]:
    """What counts as a schema change."""
    return {
        "columns": [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]],
        "keys": [key["Name"] for key in table.get("PartitionKeys") or []],
    }


def _differs(known: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a partition must be written again."""
    same_columns = known["StorageDescriptor"].get("Columns") == wanted["StorageDescriptor"]["Columns"]
    return not same_columns or (known.get("Parameters") or {}) != wanted["Parameters"]


def _with_new_columns(existing: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = {column["Name"] for column in existing}
    return existing + [column for column in wanted if column["Name"] not in names]
