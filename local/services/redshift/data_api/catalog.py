"""ListDatabases, ListSchemas, ListTables, DescribeTable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from local.errors import AwsError
from local.identity import Caller
from local.services.redshift.databases import Databases
from local.services.redshift.errors import RedshiftError, from_postgres
from local.services.redshift.targets import Targets
from local.settings import LocalSettings

Request = Mapping[str, Any]

_SCHEMAS = """
SELECT nspname::text FROM pg_namespace
 WHERE nspname NOT LIKE 'pg\\_t%%' AND nspname <> 'redshift_meta' AND nspname LIKE %s ORDER BY 1
"""
_TABLES = """
SELECT n.nspname::text, c.relname::text,
       CASE WHEN n.nspname IN ('pg_catalog', 'information_schema') THEN 'SYSTEM VIEW'
            WHEN c.relkind = 'v' THEN 'VIEW' WHEN c.relkind = 'm' THEN 'VIEW' ELSE 'TABLE' END
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'v', 'm') AND n.nspname <> 'redshift_meta' AND n.nspname NOT LIKE 'pg\\_t%%'
   AND n.nspname LIKE %s AND c.relname LIKE %s ORDER BY 1, 2
"""
_COLUMNS = """
SELECT a.attname::text, t.typname::text,
       CASE WHEN t.typname = 'numeric' THEN 0 ELSE greatest(a.atttypmod - 4, 0) END,
       CASE WHEN t.typname = 'numeric' AND a.atttypmod > 0 THEN ((a.atttypmod - 4) >> 16) & 65535 ELSE 0 END,
       CASE WHEN t.typname = 'numeric' AND a.atttypmod > 0 THEN (a.atttypmod - 4) & 65535 ELSE 0 END,
       a.attnotnull, n.nspname::text, c.relname::text, pg_get_expr(d.adbin, d.adrelid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE n.nspname = %s AND c.relname = %s ORDER BY a.attnum
"""
_TYPE_NAMES = {"jsonb": "super", "bytea": "varbyte", "text": "varchar"}


class CatalogOperations:
    """The operations that describe a database, with the rights of the caller."""

    def __init__(self, settings: LocalSettings, databases: Databases, targets: Targets) -> None:
        self._settings = settings
        self._databases = databases
        self._targets = targets

    def list_databases(self, caller: Caller, request: Request) -> dict[str, Any]:
        warehouse, _ = self._targets.resolve(caller, request)
        return {"Databases": self._databases.names(warehouse)}

    def list_schemas(self, caller: Caller, request: Request) -> dict[str, Any]:
        rows = self._query(caller, request, _SCHEMAS, (request.get("SchemaPattern") or "%",))
        return {"Schemas": [name for (name,) in rows]}

    def list_tables(self, caller: Caller, request: Request) -> dict[str, Any]:
        patterns = (request.get("SchemaPattern") or "%", request.get("TablePattern") or "%")
        rows = self._query(caller, request, _TABLES, patterns)
        return {"Tables": [{"schema": schema, "name": name, "type": kind} for schema, name, kind in rows]}

    def describe_table(self, caller: Caller, request: Request) -> dict[str, Any]:
        schema, table = request.get("Schema") or "public", request.get("Table") or ""
        rows = self._query(caller, request, _COLUMNS, (schema.lower(), table.lower()))
        columns = [
            {
                "name": name,
                "typeName": _TYPE_NAMES.get(kind, kind),
                "length": length,
                "precision": precision,
                "scale": scale,
                "nullable": 0 if not_null else 1,
                "schemaName": schema_name,
                "tableName": table_name,
                "columnDefault": default,
            }
            for name, kind, length, precision, scale, not_null, schema_name, table_name, default in rows
        ]
        return {"TableName": table, "ColumnList": columns}

    def _query(self, caller: Caller, request: Request, query: str, parameters: Sequence[str]) -> list[tuple[Any, ...]]:
        warehouse, user = self._targets.resolve(caller, request)
        database = request.get("ConnectedDatabase") or request.get("Database") or warehouse.default_database
        try:
            with self._databases.connect(warehouse, database, user) as connection:
                return connection.execute(query.encode(), parameters).fetchall()
        except RedshiftError as error:
            raise AwsError("ValidationException", error.text) from error
        except psycopg.Error as error:
            raise AwsError("DatabaseConnectionException", from_postgres(error).text) from error
