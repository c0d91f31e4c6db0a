"""Which folders are tables and which are partitions.

Source: AWS Glue guide, "How does a crawler determine when to create partitions?": when the majority of schemas at a
folder level are similar, the crawler creates partitions of one table instead of separate tables.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import unquote

from local.services.glue.crawlers.listing import S3File
from local.services.glue.crawlers.schemas import FileSchema, main_group

MAJORITY = 0.5


@dataclass
class ClassifiedFile:
    """A file, and its schema if it was sampled."""

    file: S3File
    schema: FileSchema | None


@dataclass
class PartitionFolder:
    """One partition of a found table.

    :param values: one per partition key of the table
    """

    location: str
    values: list[str]
    files: list[ClassifiedFile] = field(default_factory=list)


@dataclass
class FoundTable:
    """A folder (or file) that is a table.

    :param root: key of the folder, with its slash, or of the file
    """

    bucket: str
    root: str
    partition_keys: list[str]
    partitions: list[PartitionFolder]
    schemas: list[FileSchema]

    @property
    def location(self) -> str:
        return f"s3://{self.bucket}/{self.root}"

    @property
    def files(self) -> list[ClassifiedFile]:
        return [file for partition in self.partitions for file in partition.files]


def find_tables(
    files: list[ClassifiedFile], bucket: str, prefix: str, table_level: int | None = None
) -> list[FoundTable]:
    """Group the classified files of one include path.

    :param prefix: the include path's folder with its slash (or empty), or the key of one object
    :param table_level: the folder level of the tables, the bucket being 1 (TableLevelConfiguration); None to find out
    """
    known = [file for file in files if file.schema is not None or _has_sibling_schema(file, files)]
    if not known:
        return []
    if not prefix.endswith("/") and prefix:
        return [_table(bucket, prefix, known)]
    if table_level is not None:
        return [
            table
            for folder, inside in sorted(_by_level(known, table_level).items())
            for table in [_table(bucket, folder, inside)]
        ]
    return _tables_below(known, bucket, prefix)


def _has_sibling_schema(candidate: ClassifiedFile, files: list[ClassifiedFile]) -> bool:
    """Files that were not sampled belong to what their folder's sampled files are."""
    return any(other.schema is not None and other.file.folder == candidate.file.folder for other in files)


def _by_level(files: list[ClassifiedFile], level: int) -> dict[str, list[ClassifiedFile]]:
    groups: dict[str, list[ClassifiedFile]] = defaultdict(list)
    for file in files:
        folders = file.file.folder.rstrip("/").split("/") if file.file.folder else []
        # The bucket is level 1
        root = "/".join(folders[: level - 1])
        groups[root + "/" if root else ""].append(file)
    return groups


def _tables_below(files: list[ClassifiedFile], bucket: str, folder: str) -> list[FoundTable]:
    """One table here when most folders look alike, else a table for each folder and look again."""
    if _is_one_table(files, folder):
        return [_table(bucket, folder, files)]
    children: dict[str, list[ClassifiedFile]] = defaultdict(list)
    direct = []
    for file in files:
        name, slash, _ = file.file.key[len(folder) :].partition("/")
        if slash:
            children[f"{folder}{name}/"].append(file)
        else:
            direct.append(file)
    tables = [table for child in sorted(children) for table in _tables_below(children[child], bucket, child)]
    if direct:
        tables += _tables_of_files(direct, bucket, folder)
    return tables


def _is_one_table(files: list[ClassifiedFile], folder: str) -> bool:
    depths = {file.file.key[len(folder) :].count("/") for file in files}
    if len(depths) > 1:
        return False
    by_folder: dict[str, list[FileSchema]] = defaultdict(list)
    for file in files:
        if file.schema is not None:
            by_folder[file.file.folder].append(file.schema)
    leaf_schemas = (
        [schemas[0] for schemas in by_folder.values()] if depths != {0} else [s for g in by_folder.values() for s in g]
    )
    return len(main_group(leaf_schemas)) > MAJORITY * len(leaf_schemas)


def _tables_of_files(files: list[ClassifiedFile], bucket: str, folder: str) -> list[FoundTable]:
    """Files side by side: one table when alike, else one table for each file."""
    if _is_one_table(files, folder):
        return [_table(bucket, folder, files)]
    return [_table(bucket, file.file.key, [file]) for file in files]


def _table(bucket: str, root: str, files: list[ClassifiedFile]) -> FoundTable:
    folders: dict[str, list[ClassifiedFile]] = defaultdict(list)
    for file in files:
        folders[file.file.folder if root.endswith("/") or not root else root].append(file)
    levels = {folder: [part for part in folder[len(root) :].split("/") if part] for folder in folders}
    depth = max(len(parts) for parts in levels.values())
    example = next(parts for parts in levels.values() if len(parts) == depth)
    partitions = [
        PartitionFolder(f"s3://{bucket}/{folder}", [partition_value(part) for part in levels[folder]], folders[folder])
        for folder in sorted(folders)
        if len(levels[folder]) == depth
    ]
    schemas = main_group([file.schema for file in files if file.schema is not None])
    return FoundTable(bucket, root, partition_keys(example), partitions, schemas)


def partition_keys(parts: list[str]) -> list[str]:
    """Names of the partition keys: from ``key=value`` folders, else ``partition_0`` and so on."""
    keys = []
    for position, part in enumerate(parts):
        key, separator, _ = part.partition("=")
        keys.append(key.lower() if separator and key else f"partition_{position}")
    return keys


def partition_value(part: str) -> str:
    """The value in a folder's name, unescaped as Hive writes it."""
    key, separator, value = part.partition("=")
    return unquote(value) if separator and key else part
