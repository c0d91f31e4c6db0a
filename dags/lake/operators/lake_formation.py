"""Operators that make the permissions of one product's table what its contract says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException

from lake.contracts import compiled_contract
from lake.failures import failure, refused_call
from lake.lake_formation.desired import ContractPermissionError, RoleNames, desired_state
from lake.lake_formation.grant_changes import Rules
from lake.lake_formation.hook import ApplyError, LakeFormationHook
from lake.lake_formation.planner import PlanRefusedError, plan
from lake.lake_formation.policy import platform_policy
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context

    from lake.lake_formation.plan import Plan

LAKE_FORMATION_CONNECTION = "aws_lakeformation"


class LakeFormationProductPlanOperator(AwsBaseOperator[LakeFormationHook]):
    """Log what would have to change for the published table of a product to match its contract. Changes nothing.

    :param product: data product (templated)
    :param aws_conn_id: connection whose role is a data lake administrator
    """

    aws_hook_class = LakeFormationHook
    template_fields: Sequence[str] = aws_template_fields("product")

    def __init__(self, *, product: str, aws_conn_id: str | None = LAKE_FORMATION_CONNECTION, **kwargs: Any) -> None:
        super().__init__(aws_conn_id=aws_conn_id, **kwargs)
        self.product = product

    def execute(self, context: Context) -> dict[str, Any]:
        wanted = self._plan()
        self._log_plan(wanted)
        return {"product": self.product, **_counts(wanted)}

    def _plan(self) -> Plan:
        from botocore.exceptions import ClientError

        contract = compiled_contract(self.product)
        account_id = self.hook.account_id
        names = RoleNames(account_id, LAKE.prefix, LAKE.env)
        try:
            desired = desired_state(contract, names)
            actual = self.hook.read_state(desired.table, account_id, tag_keys=desired.tag_values)
            admins = self.hook.read_admins(account_id)
            writers = [
                names.arn(role["role"]) for role in contract["permissions"]["roles"] if role["access"] == "write"
            ]
            # Roles that run the lake itself have their rights from the platform's policy, not from contracts.
            trusted = platform_policy(names).service_roles.union(writers)
            return plan(desired, actual, Rules(account_id, names.is_ours, names.short, admins, trusted))
        except (ContractPermissionError, PlanRefusedError) as refusal:
            raise AirflowFailException(str(refusal)) from refusal
        except ClientError as error:
            raise refused_call(
                error,
                f"read the permissions of {contract['databases']['curated']}.{contract['product']}",
                f"The table must exist, and the role of connection {self.aws_conn_id} must be a lake administrator.",
            ) from error

    def _log_plan(self, wanted: Plan) -> None:
        self.log.info("Permissions of %s:\n%s", self.product, wanted.as_table())
        for finding in wanted.findings:
            self.log.warning("%s", finding)


class LakeFormationSyncOperator(LakeFormationProductPlanOperator):
    """Plan and apply: afterwards the published table's permissions are those of the contract.

    Run it after each publish: dropping or recreating a table takes its grants away. A second run finds nothing to do.

    :param max_revokes: destructive changes applied without further permission
    :param allow_destructive: apply any number of destructive changes
    """

    def __init__(self, *, max_revokes: int = 10, allow_destructive: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_revokes = max_revokes
        self.allow_destructive = allow_destructive

    def execute(self, context: Context) -> dict[str, Any]:
        wanted = self._plan()
        self._log_plan(wanted)
        self._refuse_mass_revoke(wanted)
        try:
            receipt = self.hook.apply(wanted.changes)
        except ApplyError as error:
            raise failure(
                f"{error}\nWhat was applied before stays; clear this task to apply the rest once the cause is removed.",
                heals=error.heals,
            ) from error
        return {"product": self.product, **_counts(wanted), "calls": receipt.calls}

    def _refuse_mass_revoke(self, wanted: Plan) -> None:
        destructive = len(wanted.destructive)
        if destructive > self.max_revokes and not self.allow_destructive:
            raise AirflowFailException(
                f"The contract of {self.product} would take away {destructive} permissions, more than "
                f"max_revokes={self.max_revokes}. Nothing was changed. Check the table above; if it is meant, run the "
                "task with allow_destructive=True."
            )


def _counts(wanted: Plan) -> dict[str, Any]:
    """Small summary for XCom."""
    return {
        "changes": len(wanted.changes),
        "destructive": len(wanted.destructive),
        "findings": [str(finding) for finding in wanted.findings],
    }
