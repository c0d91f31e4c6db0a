"""Folders ``key=value/`` below a table's location."""

from __future__ import annotations

from urllib.parse import unquote

from local.services.athena.catalog import Partition, Table
from local.services.athena.names import as_folder
from local.services.athena.session import QuerySession


def register_partitions(session: QuerySession, table: Table) -> list[str]:
    """Add the partitions whose folders exist to the catalog.

    :returns: the folders that were new, such as ``dt=2024-01-01``.
    """
    root = as_folder(table.location)
    keys = [key.name for key in table.partition_keys]
    folders: dict[str, Partition] = {}
    for file in session.storage.data_files(root):
        parts = file.uri[len(root) :].split("/")[:-1][: len(keys)]
        pairs = [part.split("=", 1) for part in parts]
        if [pair[0].lower() for pair in pairs if len(pair) == 2] != keys:
            continue
        folder = "/".join(parts)
        folders[folder] = Partition(tuple(unquote(value) for _, value in pairs), f"{root}{folder}/")
    added = set(session.catalog.add_partitions(table, folders.values()))
    return [folder for folder, partition in folders.items() if partition in added]
