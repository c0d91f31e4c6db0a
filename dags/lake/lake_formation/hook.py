"""Lake Formation for operators: read a table's permissions in canonical form, and apply a plan to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

from lake.lake_formation.plan import Change
from lake.lake_formation.resources import Resource, read_resource
from lake.lake_formation.retries import ATTEMPTS, call_with_retries, heals, is_done, wait_seconds
from lake.lake_formation.state import Rights, RowFilter, TableName, TableState, add_row

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

BATCH_ENTRIES = 20
"""BatchGrantPermissions and BatchRevokePermissions take no more."""


class ApplyError(RuntimeError):
    """Lake Formation refused some of the changes; the message names each with its reason.

    :param heals: whether another attempt may succeed without anybody changing anything
    """

    def __init__(self, message: str, *, heals: bool) -> None:
        super().__init__(message)
        self.heals = heals


@dataclass(frozen=True)
class Receipt:
    """:param applied: changes that Lake Formation took, in order
    :param calls: API calls that took, retries included
    """

    applied: tuple[Change, ...]
    calls: int


@dataclass(frozen=True)
class _Refusal:
    change: Change
    code: str
    message: str

    @property
    def heals(self) -> bool:
        return heals(self.code, self.message)

    @property
    def is_done(self) -> bool:
        return is_done(self.code, self.message, revoking=self.change.operation == "batch_revoke_permissions")

    def __str__(self) -> str:
        return f"{self.change.step.label} {self.change.who} {self.change.what}: {self.code}: {self.message}"


class LakeFormationHook(AwsBaseHook):
    """Thin layer over the ``lakeformation`` client that knows its read-back shapes, batch limits and retries.

    :param sleep: how to wait between retries, seconds
    """

    def __init__(self, *args: Any, sleep: Callable[[float], Any] = time.sleep, **kwargs: Any) -> None:
        kwargs["client_type"] = "lakeformation"
        super().__init__(*args, **kwargs)
        self._sleep = sleep
        self._calls = 0

    def read_state(self, table: TableName, catalog_id: str, tag_keys: Collection[str] = ()) -> TableState:
        """Permissions of one table as Lake Formation has them.

        :param catalog_id: account of the catalog
        :param tag_keys: LF-tags whose possible values are wanted
        """
        resource = {"Table": {"CatalogId": catalog_id, "DatabaseName": table.database, "Name": table.table}}
        assigned = self.call("get_resource_lf_tags", Resource=resource, ShowAssignedLFTags=True)
        return TableState(
            table=table,
            grants=self._grants(table, resource),
            filters=self._filters(resource["Table"]),
            tags=assigned_tags(assigned.get("LFTagsOnTable", [])),
            column_tags={
                column["Name"].lower(): assigned_tags(column["LFTags"])
                for column in assigned.get("LFTagsOnColumns", [])
            },
            tag_values=self._tag_values(tag_keys, catalog_id),
        )

    def read_admins(self, catalog_id: str) -> frozenset[str]:
        """ARNs of the data lake administrators.

        :param catalog_id: account of the catalog
        """
        settings = self.call("get_data_lake_settings", CatalogId=catalog_id)["DataLakeSettings"]
        return frozenset(entry["DataLakePrincipalIdentifier"] for entry in settings.get("DataLakeAdmins", []))

    def apply(self, changes: Sequence[Change]) -> Receipt:
        """Make changes in the given order; neighbours that can go in one batch do.

        :raises ApplyError: some changes were refused for good; those before them are applied
        """
        self._calls = 0
        applied: list[Change] = []
        for operation, group in groupby(changes, key=lambda change: change.operation):
            if operation.startswith("batch_"):
                applied += self._apply_batches(operation, list(group))
            else:
                for change in group:
                    self._apply_one(change)
                    applied.append(change)
        return Receipt(tuple(applied), self._calls)

    def _apply_one(self, change: Change) -> None:
        from botocore.exceptions import ClientError

        try:
            answer = self.call(change.operation, **change.parameters)
        except ClientError as error:
            refusal = _Refusal(change, *_code_of(error))
            if not refusal.is_done:
                raise _apply_error([refusal]) from error
            return
        # Tags are refused one by one, with status 200.
        failures = [_Refusal(change, *_error_of(failure)) for failure in answer.get("Failures", [])]
        if failures:
            raise _apply_error(failures)

    def _apply_batches(self, operation: str, changes: list[Change]) -> list[Change]:
        """Entries are refused one by one, with status 200; those that heal are sent again."""
        waiting = changes
        for attempt in range(ATTEMPTS):
            refusals = [refusal for batch in _batches(waiting) for refusal in self._send(operation, batch)]
            refusals = [refusal for refusal in refusals if not refusal.is_done]
            lasting = [refusal for refusal in refusals if not refusal.heals]
            if lasting or (refusals and attempt == ATTEMPTS - 1):
                raise _apply_error(lasting or refusals)
            if not refusals:
                return changes
            waiting = [refusal.change for refusal in refusals]
            self._sleep(wait_seconds(attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _send(self, operation: str, changes: Sequence[Change]) -> Iterator[_Refusal]:
        from botocore.exceptions import ClientError

        entries = [{"Id": str(position), **change.parameters} for position, change in enumerate(changes)]
        try:
            answer = self.call(operation, Entries=entries)
        except ClientError as error:
            raise _apply_error([_Refusal(change, *_code_of(error)) for change in changes]) from error
        for failure in answer.get("Failures", []):
            yield _Refusal(changes[int(failure["RequestEntry"]["Id"])], *_error_of(failure))

    def _grants(self, table: TableName, resource: dict[str, Any]) -> dict[tuple[str, Resource], Rights]:
        """Explicit grants on the table, its columns and its filters. One grant may come back as several rows."""
        grants: dict[tuple[str, Resource], Rights] = {}
        # IncludeRelated brings the grants on data cells filters.
        rows = self.pages("list_permissions", "PrincipalResourcePermissions", Resource=resource, IncludeRelated="TRUE")
        for row in rows:
            for found in read_resource(row["Resource"]):
                if (found.database, found.table) != (table.database, table.table):
                    continue
                add_row(grants, row, found)
        return grants

    def _filters(self, table: dict[str, Any]) -> dict[str, RowFilter]:
        shapes = self.pages("list_data_cells_filter", "DataCellsFilters", Table=table)
        return {
            shape["Name"]: RowFilter(
                shape.get("RowFilter", {}).get("FilterExpression"),
                tuple(sorted(name.lower() for name in shape.get("ColumnNames") or [])),
                tuple(sorted((shape.get("ColumnWildcard") or {}).get("ExcludedColumnNames") or [])),
            )
            for shape in shapes
        }

    def _tag_values(self, keys: Collection[str], catalog_id: str) -> dict[str, frozenset[str]]:
        if not keys:
            return {}
        known = self.pages("list_lf_tags", "LFTags", CatalogId=catalog_id)
        return {tag["TagKey"]: frozenset(tag["TagValues"]) for tag in known if tag["TagKey"] in keys}

    def pages(self, operation: str, field: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Entries of all pages of a list.

        :param operation: boto3 method
        :param field: field of the answer that holds the entries
        """
        token: dict[str, Any] = {}
        while True:
            page = self.call(operation, **parameters, **token)
            yield from page.get(field, [])
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Make a call, again while its refusal heals.

        :param operation: boto3 method
        :raises ClientError: a refusal that does not heal, or the last one
        """
        client: Any = self.conn

        def once() -> dict[str, Any]:
            self._calls += 1
            return dict(getattr(client, operation)(**parameters))

        return call_with_retries(once, sleep=self._sleep)


def _apply_error(refusals: Sequence[_Refusal]) -> ApplyError:
    lines = "\n".join(str(refusal) for refusal in refusals)
    count = "1 change" if len(refusals) == 1 else f"{len(refusals)} changes"
    return ApplyError(f"Lake Formation refused {count}.\n{lines}", heals=all(refusal.heals for refusal in refusals))


def _code_of(error: ClientError) -> tuple[str, str]:
    return error.response["Error"]["Code"], error.response["Error"].get("Message", "")


def _batches(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    for start in range(0, len(changes), BATCH_ENTRIES):
        yield changes[start : start + BATCH_ENTRIES]


def _error_of(failure: dict[str, Any]) -> tuple[str, str]:
    error = failure.get("Error", {})
    return error.get("ErrorCode", "UnknownError"), error.get("ErrorMessage", "")


def assigned_tags(tags: Sequence[dict[str, Any]]) -> dict[str, str]:
    """:return: value by key of LF-tags as the API gives them"""
    return {tag["TagKey"].lower(): tag["TagValues"][0].lower() for tag in tags}
