"""Operators for the permissions of the whole lake: make a plan, and apply just that plan."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException

from lake.clients import client
from lake.failures import failure, refused_call
from lake.lake_formation.desired import ContractPermissionError, RoleNames
from lake.lake_formation.hook import ApplyError, LakeFormationHook
from lake.lake_formation.lake_plan import (
    LakePlan,
    Request,
    StalePlanError,
    declared_by,
    make_plan,
    read_request,
    refuse_stale,
)
from lake.lake_formation.lake_reader import GlueCatalog
from lake.lake_formation.plan import Change, Severity
from lake.lake_formation.planner import PlanRefusedError
from lake.lake_formation.policy import platform_policy
from lake.objects import write_object
from lake.operators.lake_formation import LAKE_FORMATION_CONNECTION
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context


class LakePermissionsOperator(AwsBaseOperator[LakeFormationHook]):
    """Reads the lake and compares it with contracts and policy.

    :param aws_conn_id: connection whose role is a data lake administrator
    :param storage_conn_id: connection that reads and writes files
    """

    aws_hook_class = LakeFormationHook

    def __init__(
        self,
        *,
        aws_conn_id: str | None = LAKE_FORMATION_CONNECTION,
        storage_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(aws_conn_id=aws_conn_id, **kwargs)
        self.storage_conn_id = storage_conn_id

    @property
    def names(self) -> RoleNames:
        """The roles of this environment."""
        return RoleNames(self.hook.account_id, LAKE.prefix, LAKE.env)

    def make_plan(self, request: Request) -> LakePlan:
        """:raises AirflowException: Lake Formation or the catalog refused, or what is declared cannot be"""
        from botocore.exceptions import ClientError

        names = self.names
        try:
            declared = declared_by(names, platform_policy(names))
            catalog = GlueCatalog(client("glue", self.aws_conn_id))
            return make_plan(self.hook, catalog, declared, names, request)
        except (ContractPermissionError, PlanRefusedError) as refusal:
            raise AirflowFailException(str(refusal)) from refusal
        except ClientError as error:
            advice = f"The role of connection {self.aws_conn_id} must be a lake administrator."
            raise refused_call(error, "read the permissions of the lake", advice) from error

    def put(self, uri: str, body: bytes, content_type: str) -> None:
        """Write a file.

        :param uri: ``s3://bucket/key``
        """
        write_object(client("s3", self.storage_conn_id), uri, body, content_type)

    def put_json(self, uri: str, document: Mapping[str, Any]) -> None:
        """Write a document."""
        self.put(uri, json.dumps(document, indent=1).encode(), "application/json")

    def log_plan(self, made: LakePlan) -> None:
        """Write the plan as a table, and every finding, into the log."""
        self.log.info("Permissions of the lake:\n%s", made.plan.as_table())
        for finding in made.plan.findings:
            level = self.log.info if finding.severity is Severity.INFO else self.log.warning
            level("%s", finding)


class LakeFormationPlanOperator(LakePermissionsOperator):
    """Compare the lake with contracts and policy, log the difference, keep it as a file. Changes nothing.

    :param output_uri: file of the plan, ``s3://...`` (templated)
    :param databases: scope; empty means the databases of the platform's policy
    :param prune: plan to take away undeclared rights of managed principals; otherwise they are findings
    :param managed_principals: patterns of ARNs (``*``, ``?``) of who may lose rights; empty: this environment's roles
    :param close_to_iam: plan to take IAM_ALLOWED_PRINCIPALS its rights (templated, for parameters of a run)
    :return: counts of ``adds``, ``changes``, ``destructive`` and ``findings``; ``critical`` findings and ``removals``
        as text; the plan's ``digest`` and ``uri``
    """

    template_fields: Sequence[str] = aws_template_fields("output_uri", "databases", "close_to_iam")

    def __init__(
        self,
        *,
        output_uri: str,
        databases: Sequence[str] = (),
        prune: bool = True,
        managed_principals: Sequence[str] = (),
        close_to_iam: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.output_uri = output_uri
        self.databases = databases
        self.prune = prune
        self.managed_principals = managed_principals
        self.close_to_iam = close_to_iam

    def execute(self, context: Context) -> dict[str, Any]:
        close = str(self.close_to_iam).lower() == "true"
        request = Request(tuple(self.databases), self.prune, tuple(self.managed_principals), close)
        made = self.make_plan(request)
        self.log_plan(made)
        self.put_json(self.output_uri, made.as_json())
        plan = made.plan
        return {
            "adds": len(plan.changes) - len(plan.destructive),
            "changes": len(plan.changes),
            "destructive": len(plan.destructive),
            "findings": len(plan.findings),
            "critical": [str(found) for found in plan.findings if found.severity is Severity.CRITICAL],
            "removals": [change.as_line() for change in plan.destructive],
            "digest": made.digest,
            "uri": self.output_uri,
        }


class LakeFormationApplyOperator(LakePermissionsOperator):
    """Apply a plan, if the lake still needs just that.

    The live state is read and planned again. The task fails, and changes nothing, when anything is needed that the plan
    does not hold. What an attempt before has applied is not done again.

    :param plan_uri: file of the plan (templated)
    :param plan_digest: digest of the plan as its operator returned it (templated)
    :param additions_only: apply what takes nothing away, and leave the rest for later
    :param allow_destructive: apply what takes something away
    :param max_changes: more are refused: a mistake in a contract or policy, most likely
    :param max_revokes: more destructive changes are refused, allowed or not (templated)
    :param approved_by: who agreed to the destructive ones, for the receipt (templated)
    :param receipt_uri: file of the receipt; empty writes none (templated)
    """

    template_fields: Sequence[str] = aws_template_fields(
        "plan_uri", "plan_digest", "max_revokes", "approved_by", "receipt_uri"
    )

    def __init__(
        self,
        *,
        plan_uri: str,
        plan_digest: str,
        additions_only: bool = False,
        allow_destructive: bool = False,
        max_changes: int = 200,
        max_revokes: int | str = 10,
        approved_by: str = "",
        receipt_uri: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plan_uri = plan_uri
        self.plan_digest = plan_digest
        self.additions_only = additions_only
        self.allow_destructive = allow_destructive
        self.max_changes = max_changes
        self.max_revokes = max_revokes
        self.approved_by = approved_by
        self.receipt_uri = receipt_uri

    def execute(self, context: Context) -> dict[str, Any]:
        try:
            request, planned = read_request(self._stored_plan(), self.plan_digest)
            fresh = self.make_plan(request).plan
            refuse_stale(planned, fresh)
        except StalePlanError as stale:
            raise AirflowFailException(str(stale)) from stale
        changes = fresh.additions if self.additions_only else list(fresh.changes)
        self._refuse_too_much(changes)
        self.log.info("Applying %d of %d planned changes", len(changes), len(planned))
        try:
            receipt = self.hook.apply(changes)
        except ApplyError as error:
            raise failure(
                f"{error}\nWhat was applied before stays; clear this task to apply the rest once the cause is removed.",
                heals=error.heals,
            ) from error
        result = {"applied": len(receipt.applied), "calls": receipt.calls, "approved_by": self.approved_by}
        if self.receipt_uri and receipt.applied:
            lines = [change.as_line() for change in receipt.applied]
            self.put_json(self.receipt_uri, {**result, "plan": self.plan_digest, "changes": lines})
        return result

    def _stored_plan(self) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        bucket, _, key = self.plan_uri.removeprefix("s3://").partition("/")
        try:
            body = client("s3", self.storage_conn_id).get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            raise refused_call(error, f"read the plan {self.plan_uri}", "Plan again.") from error
        document: dict[str, Any] = json.loads(body)
        return document

    def _refuse_too_much(self, changes: Sequence[Change]) -> None:
        destructive = [change for change in changes if change.destructive]
        limit = int(self.max_revokes)
        if destructive and not self.allow_destructive:
            told = "\n".join(change.as_line() for change in destructive)
            raise AirflowFailException(f"The plan takes away {len(destructive)} rights, and nobody allowed it:\n{told}")
        if len(destructive) > limit:
            raise AirflowFailException(
                f"The plan takes away {len(destructive)} rights, more than max_revokes={limit}. Nothing was changed. "
                "If that is meant, run the DAG with a higher max_revokes."
            )
        if len(changes) > self.max_changes:
            raise AirflowFailException(
                f"The plan holds {len(changes)} changes, more than max_changes={self.max_changes}. Nothing was changed."
            )
