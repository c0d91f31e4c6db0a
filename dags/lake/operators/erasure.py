"""Erasure requests: check one, tell what was found, ask whether it may go, and close it with a report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from lake import erasure
from lake.clients import client
from lake.contracts import contract, products
from lake.failures import refused_call
from lake.objects import HTML, read_result, write_object
from lake.operators.partitions import KEY_VERSION
from lake.operators.redshift import affected_rows
from lake.run_key import run_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context

NOTE_XCOM = "note"


class CheckRequestOperator(AwsBaseOperator[S3Hook]):
    """Make sure that the request's file is there, without reading it; fix the run's addresses, and which keys it needs.

    :param request: name of the request (templated)
    :param products: JSON list of data products, empty for all (templated)
    """

    aws_hook_class = S3Hook
    template_fields = aws_template_fields("request", "products")

    def __init__(self, *, request: str, products: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.request = request
        self.products = products

    def execute(self, context: Context) -> dict[str, str]:
        from botocore.exceptions import ClientError

        names = json.loads(self.products) or products()
        # The run's own key: a task that is tried again joins its job, another run starts one.
        key = run_key([], {"run": context["dag_run"].run_id})
        found = {
            **erasure.addresses(self.request, key),
            "run_key": key,
            "erasing_key": run_key([], {"run": context["dag_run"].run_id, "mode": "erase"}),
            "products": ",".join(names),
        }
        try:
            if found["request_file"] and not self._exists(found["request_file"]):
                raise AirflowFailException(
                    f"{found['request_file']} does not exist. Write it first: "
                    '{"domain": "customer", "subject": "..."} (docs/personal-data.md).'
                )
        except ClientError as error:
            raise refused_call(
                error, f"look for {found['request_file']}", "The airflow role lists the governance bucket."
            ) from error
        try:
            found["key_versions"] = erasure.key_versions_text(self._recorded_keys(names))
        except ClientError as error:
            raise refused_call(
                error, "look up the keys of published days", "The airflow role reads the catalog of curated tables."
            ) from error
        return found

    def _recorded_keys(self, names: list[str]) -> Iterator[tuple[str, str]]:
        """Yield the version of the key of each published partition in which columns name people."""
        catalog = client("glue", self.aws_conn_id)
        for name in erasure.protected_products(names):
            database, table = contract(name).table("curated").split(".")
            try:
                pages = catalog.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table)
                partitions = [partition for page in pages for partition in page["Partitions"]]
            except catalog.exceptions.EntityNotFoundException:
                self.log.info("%s.%s does not exist: no day of it was ever published.", database, table)
                continue
            for partition in partitions:
                version = partition.get("Parameters", {}).get(KEY_VERSION)
                if version:
                    yield version, f"{name} {'/'.join(partition['Values'])}"

    def _exists(self, address: str) -> bool:
        bucket, key = self.hook.parse_s3_url(address)
        s3: Any = self.hook.conn
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", [])
        return any(entry["Key"] == key for entry in listed)


class ReportFoundOperator(AwsBaseOperator[S3Hook]):
    """Tell what would be erased; a dry run ends here. XCom ``note``: Markdown for whoever approves.

    :param found: S3 address of what the search found (templated)
    :param only_tell: ``True`` ends the run, with everything told and nothing changed (templated)
    """

    aws_hook_class = S3Hook
    template_fields = aws_template_fields("found", "only_tell")

    def __init__(self, *, found: str, only_tell: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.found = found
        self.only_tell = only_tell

    def execute(self, context: Context) -> int:
        """:return: rows that readers can see now"""
        found = read_result(self.hook, self.found)
        note = erasure.found_text(found)
        self.log.info("\n%s", note)
        if not found["zones"]:
            self.log.warning("%s: %s", found["request"], erasure.NOTHING_FOUND)
        context["ti"].xcom_push(key=NOTE_XCOM, value=note)
        if self.only_tell == "True":
            raise AirflowSkipException(
                f"Dry run: nothing was changed. What would be erased is above and in {self.found}"
            )
        return sum(int(zone["rows"]) for zone in found["zones"])


class CloseRequestOperator(AwsBaseOperator[S3Hook]):
    """Write the report, then remove the request and the list of pseudonyms with all their versions.

    :param checked: what ``check_request`` returned, as JSON (templated)
    :param approved_by: who approved (templated)
    :param reason: why (templated)
    :param warehouse_statement: id of the statement that erased from the warehouse (templated)
    :param steps: names of its parts, in their order
    :param scanned: columns of the warehouse that were searched, as JSON (templated)
    """

    aws_hook_class = S3Hook
    template_fields = aws_template_fields("checked", "approved_by", "reason", "warehouse_statement", "scanned")

    def __init__(
        self,
        *,
        checked: str,
        approved_by: str,
        reason: str,
        warehouse_statement: str,
        steps: tuple[str, ...],
        scanned: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.checked = checked
        self.approved_by = approved_by
        self.reason = reason
        self.warehouse_statement = warehouse_statement
        self.steps = steps
        self.scanned = scanned

    def execute(self, context: Context) -> str:
        """:return: S3 address of the report's page"""
        from botocore.exceptions import ClientError

        places: dict[str, str] = json.loads(self.checked)
        removals = self._removals(places)
        document = erasure.report(
            read_result(self.hook, places["found"]),
            read_result(self.hook, places["erased"]),
            list(removals.values()),
            self._warehouse_rows(),
            json.loads(self.scanned),
            {"approved_by": self.approved_by, "reason": self.reason, "run": context["dag_run"].run_id},
        )
        try:
            self.hook.load_string(erasure.as_json(document), places["report"], replace=True)
            write_object(self.hook.conn, places["page"], erasure.page(document).encode(), HTML)
            for address, removal in removals.items():
                reported = {**removal, "reported_in": places["report"]}
                self.hook.load_string(erasure.as_json(reported), address, replace=True)
            if places["request_file"]:
                self._remove(places["request_file"])
            # Also what runs left behind that were stopped: there is one erasure at a time.
            self._remove(erasure.PSEUDONYMS)
        except ClientError as error:
            raise refused_call(
                error, "close the request", "The airflow role writes erasures/ and removes erasure_requests/."
            ) from error
        if document["nothing_found"]:
            self.log.warning("%s: %s", document["request"], erasure.NOTHING_FOUND)
        self.log.info("Report: %s", places["page"])
        return places["page"]

    def _removals(self, places: dict[str, str]) -> dict[str, dict[str, Any]]:
        """Return by address what attempts removed that no other report has: this task may be repeated."""
        from botocore.exceptions import ClientError

        bucket, prefix = self.hook.parse_s3_url(places["removals"])
        try:
            addresses = [f"s3://{bucket}/{key}" for key in self.hook.list_keys(bucket, prefix=prefix) or []]
        except ClientError as error:
            raise refused_call(
                error, f"list {places['removals']}", "The airflow role lists the governance bucket."
            ) from error
        found = {address: read_result(self.hook, address) for address in addresses}
        return {
            address: removal for address, removal in found.items() if removal["reported_in"] in ("", places["report"])
        }

    def _warehouse_rows(self) -> dict[str, int]:
        counts = affected_rows(client("redshift-data", self.aws_conn_id), self.warehouse_statement)
        return {name: count for name, count in zip(self.steps, counts, strict=True) if name.endswith("erase")}

    def _remove(self, address: str) -> None:
        """Delete an object, or everything in a folder, with all versions and delete markers."""
        bucket, prefix = self.hook.parse_s3_url(address)
        s3: Any = self.hook.conn
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            for found in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                if found["Key"] == prefix or prefix.endswith("/"):
                    s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])
