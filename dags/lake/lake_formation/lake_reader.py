"""Reads what Lake Formation says about whole databases, in canonical form."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from lake.lake_formation.hook import LakeFormationHook, assigned_tags
from lake.lake_formation.resources import OF_TABLE, Expression, Kind, Resource, read_expression, read_resource
from lake.lake_formation.state import LakeState, Rights, TableName, TableState, add_row

Grants = dict[tuple[str, Resource], Rights]


class Catalog(Protocol):
    """What is needed of the Glue catalog."""

    def tables(self, database: str) -> Mapping[str, tuple[str, ...]]:
        """:return: columns of each table of a database in lower case; nothing for a database that does not exist"""


class GlueCatalog:
    """The Glue catalog.

    :param client: boto3 client ``glue`` of a role that sees all metadata
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def tables(self, database: str) -> Mapping[str, tuple[str, ...]]:
        from botocore.exceptions import ClientError

        pages = self._client.get_paginator("get_tables").paginate(DatabaseName=database)
        try:
            return {table["Name"].lower(): _columns(table) for page in pages for table in page["TableList"]}
        except ClientError as error:
            if error.response["Error"]["Code"] == "EntityNotFoundException":
                return {}
            raise


def _columns(table: Mapping[str, Any]) -> tuple[str, ...]:
    columns = [*table.get("StorageDescriptor", {}).get("Columns", []), *table.get("PartitionKeys", [])]
    return tuple(column["Name"].lower() for column in columns)


def read_lake(
    hook: LakeFormationHook,
    catalog: Catalog,
    catalog_id: str,
    databases: Iterable[str],
    contracted: Collection[TableName],
) -> LakeState:
    """Everything Lake Formation says about some databases.

    Grants of the whole account come with one list; tables of contracts are read one by one, because only the list of a
    table is sure to hold the grants on its data cells filters (``IncludeRelated``).

    :param hook: hook of a data lake administrator; others are not shown everything
    :param catalog_id: account of the catalog
    :param contracted: tables that have a contract
    """
    settings = hook.call("get_data_lake_settings", CatalogId=catalog_id)["DataLakeSettings"]
    columns = {
        TableName(database, table): names for database in databases for table, names in catalog.tables(database).items()
    }
    grants, by_table = _all_grants(hook)
    tables = {
        table: hook.read_state(table, catalog_id) if table in contracted else TableState(table, by_table.get(table, {}))
        for table in columns
    }
    return LakeState(
        admins=frozenset(entry["DataLakePrincipalIdentifier"] for entry in settings.get("DataLakeAdmins", [])),
        open_to_iam=frozenset(_open_to_iam(settings)),
        locations={
            entry["ResourceArn"]: entry.get("RoleArn", "") for entry in hook.pages("list_resources", "ResourceInfoList")
        },
        grants=grants,
        tag_values={
            tag["TagKey"]: frozenset(tag["TagValues"])
            for tag in hook.pages("list_lf_tags", "LFTags", CatalogId=catalog_id)
        },
        tables=tables,
        columns=columns,
        database_tags={database: _database_tags(hook, database, catalog_id) for database in _names(columns)},
        tag_expressions=_tag_expressions(hook, grants, catalog_id),
    )


def _names(columns: Iterable[TableName]) -> list[str]:
    return sorted({table.database for table in columns})


def _open_to_iam(settings: Mapping[str, Any]) -> Iterable[str]:
    for things, field in (
        ("databases", "CreateDatabaseDefaultPermissions"),
        ("tables", "CreateTableDefaultPermissions"),
    ):
        if settings.get(field):
            yield things


def _all_grants(hook: LakeFormationHook) -> tuple[Grants, dict[TableName, Grants]]:
    """:return: grants on everything but single tables, and those on each table"""
    others: Grants = {}
    by_table: dict[TableName, Grants] = {}
    for row in hook.pages("list_permissions", "PrincipalResourcePermissions"):
        for resource in read_resource(row["Resource"]):
            of_table = resource.kind in OF_TABLE
            held = by_table.setdefault(TableName(resource.database, resource.table), {}) if of_table else others
            add_row(held, row, resource)
    return others, by_table


def _database_tags(hook: LakeFormationHook, database: str, catalog_id: str) -> dict[str, str]:
    resource = {"Database": {"CatalogId": catalog_id, "Name": database}}
    return assigned_tags(hook.call("get_resource_lf_tags", Resource=resource).get("LFTagOnDatabase", []))


def _tag_expressions(hook: LakeFormationHook, grants: Grants, catalog_id: str) -> dict[str, Expression]:
    policies = (Kind.DATABASE_POLICY, Kind.TABLE_POLICY)
    names = sorted({resource.name for _, resource in grants if resource.kind in policies and resource.name})
    return {
        name: read_expression(hook.call("get_lf_tag_expression", Name=name, CatalogId=catalog_id)["Expression"])
        for name in names
    }
