"""The COPY statement: all files or nothing, with a row of history for each outcome."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local.services.redshift.copy.files import files_to_load
from local.services.redshift.copy.lines import read_json_paths, read_rows
from local.services.redshift.copy.options import CopyOptions, read_copy_options
from local.services.redshift.copy.parquet import load_parquet
from local.services.redshift.copy.rejects import RAW_LIMIT, Reject
from local.services.redshift.copy.text import TextLoader
from local.services.redshift.engine.session import Outcome, Session, TableColumn
from local.services.redshift.engine.statement import Statement
from local.services.redshift.errors import RedshiftError
from local.services.redshift.s3_access import S3Access, S3File
from local.services.redshift.statement_text import unquote
from local.services.redshift.translation.names import NAME_PATTERN, TableName, column_names, table_name

_COPY = re.compile(
    rf"COPY\s+(?P<table>{NAME_PATTERN})\s*(?:\((?P<columns>[^)]*)\)\s*)?FROM\s+(?P<source>'(?:[^']|'')*')(?P<options>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)


@dataclass
class _Load:
    """One running COPY."""

    table: TableName
    url: str
    options: CopyOptions
    columns: Sequence[TableColumn]
    relation: int
    started: datetime = field(default_factory=lambda: datetime.now(UTC).replace(tzinfo=None))
    files: list[S3File] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return len(self.rejects) > self.options.max_errors


class _NothingLoaded(Exception):
    """Too many bad rows, or NOLOAD."""


def copy(session: Session, statement: Statement) -> Outcome:
    """COPY from S3.

    :raises RedshiftError: a file does not fit; then nothing is loaded
    """
    load = _read_statement(session, statement)
    try:
        s3 = S3Access(session, load.options.iam_role, "COPY")
        load.files = files_to_load(s3, load.url, load.options)
        with session.atomic():
            _load_files(session, s3, load)
            if load.failed or load.options.load_nothing:
                raise _NothingLoaded
    except _NothingLoaded:
        pass  # the rollback is done; what follows tells the user
    except RedshiftError:
        _record(session, load, "failed")
        raise
    _record(session, load, "failed" if load.failed else "completed")
    if load.failed:
        raise RedshiftError(
            f"Load into table '{load.table.name}' failed.  Check 'sys_load_error_detail' system table for details."
        )
    if load.options.update_statistics and not session.in_transaction:
        session.execute(f"ANALYZE {load.table.sql}")
    loaded = 0 if load.options.load_nothing else sum(load.rows.values())
    notice = f"INFO:  Load into table '{load.table.name}' completed, {loaded} record(s) loaded successfully."
    return Outcome(affected=loaded, kind="COPY", notices=[notice])


def _read_statement(session: Session, statement: Statement) -> _Load:
    found = _COPY.match(statement.text)
    if found is None:
        raise RedshiftError("syntax error in COPY: COPY table [(columns)] FROM 's3://...' IAM_ROLE ... is expected")
    options, table = read_copy_options(found["options"]), table_name(found["table"])
    known = session.table_columns(table)
    relation = session.relation(table)
    if relation is None or not known:
        raise RedshiftError(f"Cannot COPY into nonexistent table {table.name}")
    columns = [column for column in known if not column.identity or options.explicit_ids]
    if found["columns"]:
        by_name = {column.name: column for column in known}
        names = column_names(found["columns"])
        for name in names:
            if name not in by_name:
                raise RedshiftError(f'column "{name}" of relation "{table.name}" does not exist')
        columns = [by_name[name] for name in names]
    return _Load(table, unquote(found["source"]), options, columns, relation)


def _load_files(session: Session, s3: S3Access, load: _Load) -> None:
    if load.options.format == "PARQUET":
        for file in load.files:
            with s3.downloaded(file) as path:
                load.rows[file.url] = load_parquet(session, load.table, load.columns, file, path)
        return
    paths = None
    if load.options.format == "JSON" and load.options.json_paths.startswith("s3://"):
        paths = read_json_paths(s3.read(load.options.json_paths), load.columns)
    with TextLoader(session, load.table, load.columns, load.options) as loader:
        for file in load.files:
            with s3.downloaded(file) as local:
                rows = read_rows(local, file, load.columns, load.options, paths)
                left = load.options.max_errors - len(load.rejects)
                load.rows[file.url], rejects = loader.load(file, rows, left)
            load.rejects += rejects
            if load.failed:
                return


def _record(session: Session, load: _Load, status: str) -> None:
    """Write SYS_LOAD_HISTORY, STL_LOAD_COMMITS and SYS_LOAD_ERROR_DETAIL, which survive the rollback of the load."""
    ended = datetime.now(UTC).replace(tzinfo=None)
    user, query = session.user.name, session.query_id
    loaded = sum(load.rows.values()) if status == "completed" else 0
    with session.journal() as journal, journal.transaction():
        journal.execute(
            "INSERT INTO redshift_meta.loads VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (query, user, load.table.name, load.url, load.options.format.lower(), loaded,
             sum(file.size for file in load.files), len(load.files), len(load.rejects), status, load.started, ended),
        )  # fmt: skip
        if status == "completed":
            journal.cursor().executemany(
                "INSERT INTO redshift_meta.load_files VALUES (%s, %s, %s, %s, %s)",
                [(query, file.url, load.rows.get(file.url, 0), file.size, ended) for file in load.files],
            )
        journal.cursor().executemany(
            "INSERT INTO redshift_meta.load_errors VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (query, user, session.process_id, load.relation, load.started, reject.file, reject.line,
                 reject.column.name if reject.column else "", reject.column_type,
                 str(reject.column.limit) if reject.column else "0", reject.raw_line[:RAW_LIMIT].replace("\0", ""),
                 reject.raw_value[:RAW_LIMIT].replace("\0", ""), reject.code, reject.reason)
                for reject in load.rejects
            ],
        )  # fmt: skip
