"""Databases and users in the PostgreSQL server, and connections to them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from local.services.redshift import postgres
from local.services.redshift.errors import RedshiftError
from local.services.redshift.warehouse import DatabaseUser, Warehouse

Connection = psycopg.Connection[TupleRow]

SYSTEM_ROLES = ("sys:superuser", "sys:dba", "sys:operator", "sys:monitor", "sys:secadmin")
_SQL = Path(__file__).with_name("sql")
_RIGHTS = "rights.sql"
_TAG_COMMENT = "RedshiftDbRoles: "


def _answers(connection: Connection) -> bool:
    """Whether the server is still there: a connection learns that it is not when it is used."""
    if connection.closed or connection.broken:
        return False
    if connection.info.transaction_status != TransactionStatus.IDLE:
        return True  # lent to this thread already
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


class Databases:
    """Creates what is missing and hands out connections; safe for threads."""

    def __init__(self, settings: postgres.PostgresSettings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._ready: set[str] = set()
        self._admin: dict[str, tuple[Connection, threading.RLock]] = {}
        self._has_system_roles = False

    def create(self, warehouse: Warehouse, database: str) -> None:
        """Create a database with Redshift's functions and system views.

        :raises RedshiftError: it exists
        """
        physical = warehouse.physical_database(database)
        with self._lock:
            if self._exists(physical):
                raise RedshiftError(f'database "{database}" already exists')
            self._create_system_roles()
            # built under another name: a kill half way leaves nothing that looks finished
            partial = f"{physical}~"
            with self.admin("postgres") as connection:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(partial)))
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(partial)))
            with psycopg.connect(postgres.connection_string(self._settings, partial), autocommit=True) as connection:
                for script in ("functions.sql", "catalog.sql", _RIGHTS):
                    connection.execute((_SQL / script).read_text().encode())
                    connection.execute("RESET ALL")
                connection.execute("GRANT ALL ON SCHEMA public TO PUBLIC")  # as on Redshift
                connection.execute(
                    sql.SQL('GRANT CREATE ON DATABASE {} TO "sys:dba", "sys:superuser"').format(sql.Identifier(partial))
                )
            with self.admin("postgres") as connection:
                connection.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(partial), sql.Identifier(physical))
                )

    def drop(self, warehouse: Warehouse, database: str) -> None:
        physical = warehouse.physical_database(database)
        with self._lock:
            self._ready.discard(physical)
            admin = self._admin.pop(physical, None)
            if admin is not None:
                admin[0].close()
            with self.admin("postgres") as connection:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(physical)))

    def names(self, warehouse: Warehouse) -> list[str]:
        prefix = warehouse.physical_database("")
        with self.admin("postgres") as connection:
            rows = connection.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()
        return [name.removeprefix(prefix) for (name,) in rows if name.startswith(prefix) and not name.endswith("~")]

    @contextlib.contextmanager
    def admin(self, physical: str) -> Iterator[Connection]:
        """Lend the one superuser connection of a database; reconnects after a restart of the server."""
        with self._lock:
            connection, lock = self._admin.get(physical, (None, threading.RLock()))
            if connection is None:
                connection = self._admin_connection(physical)
                self._admin[physical] = (connection, lock)
        with lock:
            if not _answers(connection):
                connection.close()
                connection = self._admin_connection(physical)
                self._admin[physical] = (connection, lock)
            yield connection

    def _admin_connection(self, physical: str) -> Connection:
        return psycopg.connect(postgres.connection_string(self._settings, physical), autocommit=True)

    def connect(self, warehouse: Warehouse, database: str, user: DatabaseUser) -> Connection:
        """Open a connection of a database user: its rights are PostgreSQL's own, nothing can be reset to more.

        :raises RedshiftError: no such database or user
        """
        physical = warehouse.physical_database(database)
        if physical not in self._ready:
            if not self._exists(physical):
                raise RedshiftError(f'FATAL: database "{database}" does not exist')
            self._bring_up_to_date(physical)
        self._prepare_user(user)
        target = postgres.connection_string(self._settings, physical)
        return psycopg.connect(target, user=user.name, autocommit=True)

    def password(self) -> str:
        """The one password of all users: nobody logs in with it but this process."""
        parameters = psycopg.conninfo.conninfo_to_dict(postgres.connection_string(self._settings, "postgres"))
        return str(parameters["password"])

    def _exists(self, physical: str) -> bool:
        with self.admin("postgres") as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (physical,)).fetchone()
        return found is not None

    def _bring_up_to_date(self, physical: str) -> None:
        """Give a database what an older version of this program made it without."""
        with self._lock:
            if physical in self._ready:
                return
            with self.admin(physical) as connection:
                connection.execute("BEGIN")
                connection.execute((_SQL / _RIGHTS).read_text().encode())
                connection.execute("COMMIT")
                connection.execute("RESET ALL")
            self._ready.add(physical)

    def _create_system_roles(self) -> None:
        """Redshift's system-defined roles, as far as PostgreSQL has their rights."""
        if self._has_system_roles:
            return
        with self.admin("postgres") as connection:
            known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
            for role in SYSTEM_ROLES:
                if role not in known:
                    connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
            connection.execute('GRANT pg_maintain, pg_signal_backend TO "sys:operator"')
            connection.execute('GRANT "sys:operator" TO "sys:dba"')
            connection.execute('ALTER ROLE "sys:secadmin" CREATEROLE')
        self._has_system_roles = True

    def _prepare_user(self, user: DatabaseUser) -> None:
        with self._lock, self.admin("postgres") as connection:
            row = connection.execute(
                "SELECT rolsuper, shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s AND rolcanlogin",
                (user.name,),
            ).fetchone()
            if row is None:
                if user.must_exist:
                    raise RedshiftError(f'FATAL: user "{user.name}" does not exist')
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(user.name), self.password())
                )
                row = (False, None)
            if user.superuser != row[0] and not user.must_exist:
                word = sql.SQL("SUPERUSER" if user.superuser else "NOSUPERUSER")
                connection.execute(sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(user.name), word))
            if not user.must_exist:
                self._sync_tag_roles(connection, user, row[1])

    def _sync_tag_roles(self, connection: Connection, user: DatabaseUser, comment: str | None) -> None:
        """Grant the roles of the IAM tag and take back those that the tag named before (kept in the role's comment)."""
        before = {name for name in (comment or "").removeprefix(_TAG_COMMENT).split(":::") if name}
        existing = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
        wanted = {name for name in user.roles if name in existing}  # roles that the database does not have are ignored
        if wanted == before:
            return
        member = sql.Identifier(user.name)
        for role in sorted(wanted - before):
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), member))
        for role in sorted((before - wanted) & existing):
            connection.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(role), member))
        text = sql.Literal(_TAG_COMMENT + ":::".join(sorted(wanted)))
        connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(member, text))
