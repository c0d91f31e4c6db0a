"""Names in the Data Catalog are lower case, whatever a request says.

Source: AWS Glue API reference, TableInput.Name: "For Hive compatibility, this is folded to lowercase when it is
stored"; DatabaseInput.Name says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def folded_columns(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [column | {"Name": column["Name"].lower()} for column in columns]


def folded_table(table_input: Mapping[str, Any]) -> dict[str, Any]:
    """A TableInput with lower-case table and column names."""
    folded = dict(table_input) | {"Name": table_input["Name"].lower()}
    if table_input.get("PartitionKeys"):
        folded["PartitionKeys"] = folded_columns(table_input["PartitionKeys"])
    if table_input.get("StorageDescriptor"):
        folded["StorageDescriptor"] = folded_storage(table_input["StorageDescriptor"])
    return folded


def folded_storage(storage: Mapping[str, Any]) -> dict[str, Any]:
    """A StorageDescriptor with lower-case column names."""
    if not storage.get("Columns"):
        return dict(storage)
    return dict(storage) | {"Columns": folded_columns(storage["Columns"])}


def folded_partition(partition_input: Mapping[str, Any]) -> dict[str, Any]:
    """A PartitionInput with lower-case column names."""
    if not partition_input.get("StorageDescriptor"):
        return dict(partition_input)
    return dict(partition_input) | {"StorageDescriptor": folded_storage(partition_input["StorageDescriptor"])}
