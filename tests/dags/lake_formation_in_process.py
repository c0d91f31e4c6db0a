"""Lake Formation's real rules without a server: a client whose calls run the local back end in this process."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from lake.lake_formation.hook import LakeFormationHook
from local.errors import AwsError
from local.services.lakeformation import access, operations
from local.services.lakeformation.call import Call
from local.services.lakeformation.state import LakeFormationState

ACCOUNT = "123456789012"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/sluice-dev-lake-admin"


class HiveTables:
    """What every catalog of these tests answers alike."""

    def typed_columns(self, database: str, table: str) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def table_columns(self, database: str, table: str) -> tuple[str, ...]:
        return tuple(name for name, _ in self.typed_columns(database, table))

    def partition_columns(self, database: str, table: str) -> frozenset[str]:
        return frozenset()

    def is_view(self, database: str, table: str) -> bool:
        return False

    def is_resource_link(self, database: str, table: str = "") -> bool:
        return False

    def database_location(self, database: str) -> str | None:
        return None

    def table_location(self, database: str, table: str) -> str | None:
        return None

    def table_default_permissions(self, database: str) -> list[dict[str, Any]] | None:
        return None


@dataclass(frozen=True)
class OneTable(HiveTables):
    """Catalog that knows a single table.

    :param columns: (name, Hive type) pairs
    """

    database: str
    table: str
    columns: tuple[tuple[str, str], ...]

    def databases(self) -> Iterator[str]:
        return iter([self.database])

    def tables(self, database: str) -> Iterator[str]:
        return iter([self.table] if database == self.database else [])

    def database_exists(self, database: str) -> bool:
        return database == self.database

    def table_exists(self, database: str, table: str) -> bool:
        return (database, table) == (self.database, self.table)

    def typed_columns(self, database: str, table: str) -> tuple[tuple[str, str], ...]:
        return self.columns if self.table_exists(database, table) else ()


@dataclass
class Tables(HiveTables):
    """Catalog of several databases, and what ``lake_reader`` asks of the Glue catalog.

    :param columns: (name, Hive type) pairs by database and table
    """

    names: tuple[str, ...]
    columns: dict[tuple[str, str], tuple[tuple[str, str], ...]]

    def databases(self) -> Iterator[str]:
        return iter(self.names)

    def tables(self, database: str) -> Any:
        """Both of the back end (names) and of the reader (columns by name)."""
        return {table: self.table_columns(base, table) for base, table in self.columns if base == database}

    def database_exists(self, database: str) -> bool:
        return database in self.names

    def table_exists(self, database: str, table: str) -> bool:
        return (database, table) in self.columns

    def typed_columns(self, database: str, table: str) -> tuple[tuple[str, str], ...]:
        return self.columns.get((database, table), ())


class Everybody:
    """IAM in which every role of the account exists."""

    def exists(self, principal: str) -> bool:
        return principal == "IAM_ALLOWED_PRINCIPALS" or principal.startswith(f"arn:aws:iam::{ACCOUNT}:role/")


class SomeFail:
    """Fails a share of calls and of batch entries with ConcurrentModificationException."""

    def __init__(self, calls: float = 0.0, entries: float = 0.0, seed: int = 0) -> None:
        self._calls, self._entries = calls, entries
        self._random = random.Random(seed)

    def strike_call(self) -> None:
        self._strike(self._calls)

    def strike_entry(self) -> None:
        self._strike(self._entries)

    def _strike(self, share: float) -> None:
        if self._random.random() < share:
            raise AwsError("ConcurrentModificationException", "Please retry.")


class _Hook(LakeFormationHook):
    account_id = ACCOUNT


@dataclass
class InProcessLakeFormation:
    """Looks like a boto3 client.

    :param faults: what fails
    """

    catalog: OneTable | Tables
    faults: SomeFail = field(default_factory=SomeFail)
    state: LakeFormationState = field(default_factory=LakeFormationState)

    def __post_init__(self) -> None:
        self.state.settings["DataLakeAdmins"] = [{"DataLakePrincipalIdentifier": ADMIN}]
        access.bind(lambda: access.Authority(self.state, self.catalog))

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        words = {"lf": "LF"}
        operation = "".join(words.get(word, word.capitalize()) for word in method.split("_"))

        def call(**body: Any) -> dict[str, Any]:
            request = Call(self.state, self.catalog, Everybody(), ACCOUNT, ADMIN, body)  # type: ignore[arg-type]
            try:
                return operations.run(operation, request, self.faults)  # type: ignore[arg-type]
            except AwsError as error:
                detail = {"Error": {"Code": error.code, "Message": error.message}}
                raise ClientError(detail, operation) from error  # type: ignore[arg-type]

        return call

    def hook(self) -> LakeFormationHook:
        """The hook of the DAGs, talking to this back end and not waiting between retries."""
        hook = _Hook(aws_conn_id=None, sleep=lambda seconds: None)
        hook.__dict__["conn"] = self
        return hook
