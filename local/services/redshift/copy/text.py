"""Loads text rows: stages them as text, lets PostgreSQL judge every field, inserts the good and reports the bad."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from local.services.redshift.copy.lines import Row
from local.services.redshift.copy.options import CopyOptions
from local.services.redshift.copy.rejects import RAW_LIMIT, Reject, reason_of
from local.services.redshift.engine.session import Session, TableColumn
from local.services.redshift.s3_access import S3File
from local.services.redshift.translation.names import TableName, literal, quoted

_BATCH_ROWS = 20_000
_STAGE = "pg_temp.redshift_copy_stage"


class TextLoader:
    """Loads rows of one COPY into one table."""

    def __init__(
        self, session: Session, table: TableName, columns: Sequence[TableColumn], options: CopyOptions
    ) -> None:
        self._session = session
        self._table = table
        self._columns = columns
        self._options = options
        self._converted = [self._conversion(position, column) for position, column in enumerate(columns)]

    def __enter__(self) -> TextLoader:
        fields = ", ".join(f"c{position} text" for position in range(len(self._columns)))
        self._session.execute(f"CREATE TEMP TABLE {_STAGE} (line bigint, raw text, {fields})")
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:  # after an error the transaction is gone, and the table with it
            self._session.execute(f"DROP TABLE {_STAGE}")

    def load(self, file: S3File, rows: Iterator[Row | Reject], max_rejects: int) -> tuple[int, list[Reject]]:
        """Load one file; the rejected rows leave the stage before the others are cast.

        :param max_rejects: the load fails with one more, and later rejects are not told
        :return: rows loaded and rejects
        """
        loaded, rejects = 0, []
        while batch := list(islice(rows, _BATCH_ROWS)):
            self._session.check_cancelled()
            rejects += [item for item in batch if isinstance(item, Reject)]
            self._stage([item for item in batch if isinstance(item, Row)])
            bad = self._rejected(file)
            rejects += bad
            loaded += self._insert()
            if len(rejects) > max_rejects:
                break
        return loaded, sorted(rejects, key=lambda reject: reject.line)[: max_rejects + 1]

    def _stage(self, rows: Sequence[Row]) -> None:
        self._session.execute(f"TRUNCATE {_STAGE}")
        with self._session.connection.cursor() as cursor, cursor.copy(f"COPY {_STAGE} FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row([row.line, row.raw[:RAW_LIMIT].replace("\0", ""), *(_storable(v) for v in row.values)])

    def _insert(self) -> int:
        names = ", ".join(quoted(column.name) for column in self._columns)
        values = ", ".join(
            f"({text})::{column.type}" for text, column in zip(self._converted, self._columns, strict=True)
        )
        identity = "OVERRIDING SYSTEM VALUE " if self._options.explicit_ids else ""
        cursor = self._session.execute(
            f"INSERT INTO {self._table.sql} ({names}) {identity}SELECT {values} FROM {_STAGE} ORDER BY line"
        )
        return cursor.rowcount

    def _rejected(self, file: S3File) -> list[Reject]:
        fields = ", ".join(f"c{position}" for position in range(len(self._columns)))
        found = self._session.execute(
            f"SELECT line, raw, bad, ARRAY[{fields}] FROM (SELECT *, {self._first_bad()} AS bad FROM {_STAGE}) s"
            " WHERE bad IS NOT NULL ORDER BY line"
        ).fetchall()
        rejects = []
        for line, raw, position, values in found:
            column, value = self._columns[position], values[position]
            code, reason = reason_of(column, value)
            rejects.append(Reject(file.url, line, column, raw, value or "", code, reason))
        if rejects:
            self._session.execute(f"DELETE FROM {_STAGE} WHERE {self._first_bad()} IS NOT NULL")
        return rejects

    def _first_bad(self) -> str:
        """SQL for the position of the first field that does not fit; NULL = the row is good."""
        checks = []
        for position, (column, text) in enumerate(zip(self._columns, self._converted, strict=True)):
            if column.base_type in ("character varying", "character"):
                bad = f"octet_length({text}) > {column.limit}" if column.limit else "false"
            else:
                valid = f"pg_input_is_valid({text}, {literal(column.type)})"
                bad = f"(c{position} IS NOT NULL AND ({text} IS NULL OR NOT {valid}))"
            if column.not_null:
                bad = f"({bad} OR c{position} IS NULL)"
            checks.append(f"WHEN {bad} THEN {position}")
        return f"(CASE {' '.join(checks)} END)"

    def _conversion(self, position: int, column: TableColumn) -> str:
        """SQL that turns the field's text into text that PostgreSQL reads for the type."""
        field, options, base = f"c{position}", self._options, column.base_type
        if base == "character varying" and options.truncate_columns and column.limit:
            return f"redshift_truncate_bytes({field}, {column.limit})"
        if base == "date" and (options.date_format or "auto").lower() != "auto":
            return f"redshift_date_or_null({field}, {literal(options.date_format or '')})"
        if base.startswith("timestamp") and options.time_format:
            style = options.time_format.lower()
            if style in ("epochsecs", "epochmillisecs"):
                return f"redshift_epoch_or_null({field}, {1 if style == 'epochsecs' else 1000})"
            if style != "auto":
                return f"redshift_timestamp_or_null({field}, {literal(options.time_format)})"
        return field


def _storable(value: str | None) -> str | None:
    return value.replace("\0", "") if value is not None else None
