"""ALTER TABLE and MSCK REPAIR TABLE."""

from __future__ import annotations

import re
from collections.abc import Callable

from local.services.athena.catalog import Partition, Table
from local.services.athena.errors import QueryFailed, hive_failure, semantic_failure
from local.services.athena.names import as_folder
from local.services.athena.session import QuerySession
from local.services.athena.statements import iceberg_alter
from local.services.athena.statements.hive_ddl import assigned_properties, column_definition, named_table, parse_hive
from local.services.athena.statements.partition_folders import register_partitions
from local.services.athena.statements.result import DDL, StatementResult, done, lines

_ALTER = re.compile(r"^ALTER\s+TABLE\s+(?P<table>\S+)\s+(?P<change>.*)$", re.I | re.S)
_ADD_PARTITION = re.compile(r"^ADD\s+(?P<lenient>IF\s+NOT\s+EXISTS\s+)?(?P<specs>PARTITION\b.*)$", re.I | re.S)
_DROP_PARTITION = re.compile(r"^DROP\s+(?P<lenient>IF\s+EXISTS\s+)?(?P<specs>PARTITION\b.*)$", re.I | re.S)
_PARTITION = re.compile(r"PARTITION\s*\((?P<spec>(?:[^()']|'[^']*')*)\)(?:\s*LOCATION\s*'(?P<location>[^']*)')?", re.I)
_PAIR = re.compile(
    r"""\s*[`"]?(?P<key>\w+)[`"]?\s*=\s*(?:'(?P<text>(?:[^']|'')*)'|"(?P<quoted>[^"]*)"|(?P<plain>[^,\s]+))\s*(?:,|$)"""
)
_ADD_COLUMNS = re.compile(r"^(?P<kind>ADD|REPLACE)\s+COLUMNS\s*\((?P<columns>.*)\)$", re.I | re.S)
_PROPERTIES = re.compile(r"^SET\s+TBLPROPERTIES\s*\((?P<properties>.*)\)$", re.I | re.S)
_LOCATION = re.compile(r"^(?:PARTITION\s*\((?P<spec>[^)]*)\)\s*)?SET\s+LOCATION\s+'(?P<location>[^']+)'$", re.I)
_MSCK = re.compile(r"^MSCK\s+REPAIR\s+TABLE\s+(?P<table>\S+)\s*$", re.I)


def msck(session: QuerySession, sql: str) -> StatementResult:
    found = _MSCK.match(sql)
    if found is None:
        raise QueryFailed("", f"FAILED: ParseException line 1:5 cannot recognize input near '{sql[5:60]}'")
    table = _table(session, found["table"])
    added = register_partitions(session, table)
    texts = []
    if added:
        texts.append("Partitions not in metastore:\t" + "\t".join(f"{table.name}:{folder}" for folder in added))
    texts += [f"Repair: Added partition to metastore {table.name}:{folder}" for folder in added]
    return lines("MSCK_REPAIR_TABLE", "", texts)


def alter(session: QuerySession, sql: str) -> StatementResult:
    """:raises QueryFailed: unknown table or change."""
    found = _ALTER.match(sql)
    if found is None:
        raise QueryFailed("", f"FAILED: ParseException line 1:6 cannot recognize input near '{sql[6:60]}'")
    table = _table(session, found["table"])
    change = found["change"].strip()
    if table.is_iceberg:
        return iceberg_alter.alter(session, table, change)
    for pattern, apply in _CHANGES:
        matched = pattern.match(change)
        if matched:
            return apply(session, table, matched)
    raise QueryFailed("", f"FAILED: ParseException unsupported change: ALTER TABLE {table.name} {change[:80]}")


def _table(session: QuerySession, name: str) -> Table:
    database, table_name = named_table(name, session.database)
    table = session.catalog.hive_table(database, table_name)
    session.authorizer.require("ALTER", database, table_name)
    return table


def _add_partitions(session: QuerySession, table: Table, found: re.Match[str]) -> StatementResult:
    partitions = []
    for given in _PARTITION.finditer(found["specs"]):
        values = _values(table, given["spec"])
        folder = "/".join(f"{key.name}={value}" for key, value in zip(table.partition_keys, values, strict=True))
        location = given["location"] or as_folder(table.location) + folder
        if given["location"]:
            session.authorizer.require("DATA_LOCATION_ACCESS", table.database, table.name, as_folder(location))
        partitions.append(Partition(values, as_folder(location)))
    if not partitions:
        raise QueryFailed("", "FAILED: ParseException ADD PARTITION needs (key = 'value')")
    if not found["lenient"]:
        known = {partition.values for partition in session.catalog.partitions(table)}
        if any(partition.values in known for partition in partitions):
            raise hive_failure("AlreadyExistsException(message:Partition already exists.)")
    session.catalog.add_partitions(table, partitions)
    return done(DDL, "ALTER_TABLE_ADD_PARTITION")


def _drop_partitions(session: QuerySession, table: Table, found: re.Match[str]) -> StatementResult:
    known = {partition.values for partition in session.catalog.partitions(table)}
    for given in _PARTITION.finditer(found["specs"]):
        values = _values(table, given["spec"])
        if values in known:
            session.catalog.drop_partition(table, values)
        elif not found["lenient"]:
            raise semantic_failure(f"[Error 10006]: Partition not found ({given['spec']})")
    return done(DDL, "ALTER_TABLE_DROP_PARTITION")


def _values(table: Table, spec: str) -> tuple[str, ...]:
    given = {pair["key"].lower(): _pair_value(pair) for pair in _PAIR.finditer(spec)}
    keys = [key.name for key in table.partition_keys]
    if set(given) != set(keys):
        raise semantic_failure(
            f"[Error 10098]: Partition ({spec}) does not name exactly the keys {', '.join(keys) or '(none)'}"
        )
    return tuple(given[key] for key in keys)


def _pair_value(pair: re.Match[str]) -> str:
    if pair["text"] is not None:
        return pair["text"].replace("''", "'")
    return pair["quoted"] if pair["quoted"] is not None else pair["plain"]


def _change_columns(session: QuerySession, table: Table, found: re.Match[str]) -> StatementResult:
    parsed = parse_hive(f"CREATE EXTERNAL TABLE x ({found['columns']})")
    new = [column_definition(column) for column in parsed.this.expressions]
    kept = list(table.storage["Columns"]) if found["kind"].upper() == "ADD" else []
    existing = {column["Name"].lower() for column in kept} | {key.name for key in table.partition_keys}
    for column in new:
        if column["Name"] in existing:
            raise hive_failure(f"Duplicate column name: {column['Name']}")
    storage = {**table.storage, "Columns": kept + new}
    session.catalog.update_table(table.database, table.table_input(StorageDescriptor=storage))
    return done(DDL, f"ALTER_TABLE_{found['kind'].upper()}_COLUMNS")


def _set_properties(session: QuerySession, table: Table, found: re.Match[str]) -> StatementResult:
    changed = {**table.parameters, **assigned_properties(found["properties"])}
    session.catalog.update_table(table.database, table.table_input(Parameters=changed))
    return done(DDL, "ALTER_TABLE_SET_TBLPROPERTIES")


def _set_location(session: QuerySession, table: Table, found: re.Match[str]) -> StatementResult:
    location = as_folder(found["location"])
    session.authorizer.require("DATA_LOCATION_ACCESS", table.database, table.name, location)
    if found["spec"] is None:
        storage = {**table.storage, "Location": location}
        session.catalog.update_table(table.database, table.table_input(StorageDescriptor=storage))
    else:
        session.catalog.move_partition(table, Partition(_values(table, found["spec"]), location))
    return done(DDL, "ALTER_TABLE_SET_LOCATION")


_CHANGES: list[tuple[re.Pattern[str], Callable[[QuerySession, Table, re.Match[str]], StatementResult]]] = [
    (_ADD_PARTITION, _add_partitions),
    (_DROP_PARTITION, _drop_partitions),
    (_ADD_COLUMNS, _change_columns),
    (_PROPERTIES, _set_properties),
    (_LOCATION, _set_location),
]
