"""Reads external tables: Athena's engine fetches the needed columns, then the query runs on them in this session.

The schema's IAM role reads, so Lake Formation decides by its grants, as it does for Redshift Spectrum.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from sqlglot import exp

from local.clients import acting_for, service_client
from local.services.iam.principals import caller_named
from local.services.redshift.errors import RedshiftError
from local.services.redshift.s3_access import principal_of, split_url
from local.services.redshift.translation.names import quoted

if TYPE_CHECKING:
    from local.services.redshift.engine.session import Session

_POLL_SECONDS = 0.05
_COPY_BYTES = 1 << 20
# Glue's types that the external table documentation lists, as the local engine keeps them.
_TYPES = {
    "tinyint": "smallint",
    "smallint": "smallint",
    "int": "integer",
    "integer": "integer",
    "bigint": "bigint",
    "float": "real",
    "double": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "string": "varchar",
}


@dataclass(frozen=True)
class ExternalSchema:
    """:param iam_role: ARN; None = the warehouse's default role."""

    glue_database: str
    iam_role: str | None


def schemas_of(session: Session) -> dict[str, ExternalSchema]:
    rows = session.execute("SELECT schema_name, glue_database, iam_role FROM redshift_meta.external_schemas").fetchall()
    return {name: ExternalSchema(database, role or None) for name, database, role in rows}


def replace(session: Session, table: exp.Table, tree: exp.Expr, schema: ExternalSchema) -> None:
    """Fetch what the query needs of one external table into a temporary table, and put that in its place.

    :raises RedshiftError: the table does not exist, may not be read, has columns of a nested type, or the scan failed
    """
    role = principal_of(session, schema.iam_role)
    name = table.name.lower()
    needed = _needed(tree, _columns(session, role, schema.glue_database, name, f"{table.db}.{table.name}"))
    copy = f"spectrum_{uuid.uuid4().hex}"
    definitions = ", ".join(f"{quoted(column)} {_type(glue_type, column)}" for column, glue_type in needed.items())
    result = _scan(session, role, schema.glue_database, name, list(needed))
    session.execute(f"CREATE TEMP TABLE {quoted(copy)} ({definitions})")
    _load(session, result, copy)
    alias = table.alias or table.name
    for column in tree.find_all(exp.Column):
        if column.args.get("db") is not None and column.db.lower() == table.db.lower():
            column.set("db", None)
    table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    table.set("this", exp.to_identifier(copy, quoted=True))
    table.set("db", exp.to_identifier("pg_temp"))


def _columns(session: Session, role: str, database: str, name: str, shown: str) -> dict[str, str]:
    """Columns and partition columns of a Glue table, with their Glue types."""
    glue: Any = service_client("glue", session.settings, principal=role)
    try:
        table = glue.get_table(DatabaseName=database, Name=name)["Table"]
    except glue.exceptions.EntityNotFoundException as error:
        raise RedshiftError(f'relation "{shown}" does not exist') from error
    except ClientError as error:
        raise RedshiftError(f"Spectrum: {error.response['Error']['Message']} (role {role})") from error
    target = table.get("TargetTable")
    if target:
        names = ".".join(target[part] for part in ("CatalogId", "DatabaseName", "Name") if target.get(part))
        raise RedshiftError(
            f"{database}.{name} is a resource link to {names}, which the local Redshift Spectrum does not follow"
        )
    columns = [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]
    return {column["Name"]: column["Type"] for column in columns}


def _needed(tree: exp.Expr, columns: dict[str, str]) -> dict[str, str]:
    """The columns that the statement names; all of them for ``*``, one for ``count(*)``."""
    if any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)):
        return columns
    named = {column.name.lower() for column in tree.find_all(exp.Column)}
    return {name: kind for name, kind in columns.items() if name in named} or dict([next(iter(columns.items()))])


def _type(glue_type: str, column: str) -> str:
    base = glue_type.lower().partition("(")[0].strip()
    if base == "decimal":
        return glue_type.lower().replace("decimal", "numeric")
    if base in {"varchar", "char"}:
        return "varchar"
    if base not in _TYPES:
        raise RedshiftError(
            f'column "{column}" has type {glue_type}, which the local Redshift cannot read from outside'
        )
    return _TYPES[base]


def _scan(session: Session, role: str, database: str, name: str, columns: list[str]) -> str:
    """Run the scan to its end.

    :return: S3 address of its rows as CSV
    """
    role_arn = caller_named(role).arn
    athena: Any = acting_for(service_client("athena", session.settings), "redshift", role_arn)
    selected = ", ".join(quoted(column) for column in columns)
    scan = athena.start_query_execution(
        QueryString=f"SELECT {selected} FROM {quoted(database)}.{quoted(name)}",
        WorkGroup="primary",
        ResultConfiguration={"OutputLocation": f"s3://{session.settings.name('athena')}/spectrum/"},
    )["QueryExecutionId"]
    while True:
        execution = athena.get_query_execution(QueryExecutionId=scan)["QueryExecution"]
        state = execution["Status"]["State"]
        if state == "SUCCEEDED":
            return str(execution["ResultConfiguration"]["OutputLocation"])
        if state in {"FAILED", "CANCELLED"}:
            raise RedshiftError(f"Spectrum Scan Error: {execution['Status'].get('StateChangeReason', state)}")
        try:
            session.check_cancelled()
        except Exception:
            athena.stop_query_execution(QueryExecutionId=scan)
            raise
        time.sleep(_POLL_SECONDS)


def _load(session: Session, result: str, copy: str) -> None:
    """Athena's CSV and PostgreSQL's agree: text is quoted, a NULL is empty without quotes."""
    bucket, key = split_url(result)
    s3: Any = service_client("s3", session.settings)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    statement = f"COPY {quoted(copy)} FROM STDIN (FORMAT csv, HEADER true)"
    with session.connection.cursor() as cursor, cursor.copy(statement.encode()) as target:
        while chunk := body.read(_COPY_BYTES):
            session.check_cancelled()
            target.write(chunk)
    s3.delete_object(Bucket=bucket, Key=key)
