"""One operator for one thing in Lake Formation. All may be repeated: what is so already is left alone.

For what contracts and the platform's policy do not say: a new account, a migration from IAM to Lake Formation, a right
for a day. What they do say belongs to ``LakeFormationPlanOperator`` and ``LakeFormationApplyOperator``, which report
anything made here that nobody declared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException

from lake.failures import failure, refused_call
from lake.lake_formation import steps
from lake.lake_formation.hook import ApplyError, LakeFormationHook
from lake.operators.lake_formation import LAKE_FORMATION_CONNECTION

if TYPE_CHECKING:
    from airflow.sdk import Context


class LakeFormationStepOperator(AwsBaseOperator[LakeFormationHook]):
    """Does one thing, and fails in words a person can act on.

    :param aws_conn_id: connection whose role is a data lake administrator
    """

    aws_hook_class = LakeFormationHook
    way_out = "The role of connection {0} must be a data lake administrator."
    """What to do when AWS refuses; ``{0}`` is the connection."""

    def __init__(self, *, aws_conn_id: str | None = LAKE_FORMATION_CONNECTION, **kwargs: Any) -> None:
        super().__init__(aws_conn_id=aws_conn_id, **kwargs)

    def execute(self, context: Context) -> Any:
        return self.attempt(self.step)

    def attempt(self, do: Callable[[], Any]) -> Any:
        """Do something that may be refused.

        :return: what was done
        """
        from botocore.exceptions import ClientError

        try:
            result = do()
        except steps.StepRefusedError as refusal:
            raise AirflowFailException(str(refusal)) from refusal
        except ApplyError as error:
            raise failure(str(error), heals=error.heals) from error
        except ClientError as error:
            advice = self.way_out.format(self.aws_conn_id)
            raise refused_call(error, f"do the step of {self.task_id}", advice) from error
        self.log.info("%s: %s", self.task_id, result)
        return result

    def step(self) -> Any:
        """Do it. :return: what was done"""
        raise NotImplementedError


class LakeFormationSettingsOperator(LakeFormationStepOperator):
    """Name data lake administrators, and close new databases and tables to IAM_ALLOWED_PRINCIPALS.

    :param admins: ARNs (templated)
    :param read_only_admins: ARNs (templated)
    :param close_new_objects: new databases and tables get no default permissions
    :param mode: ``merge`` keeps administrators who are not named, ``replace`` does not
    """

    template_fields: Sequence[str] = aws_template_fields("admins", "read_only_admins")

    def __init__(
        self,
        *,
        admins: Collection[str] = (),
        read_only_admins: Collection[str] = (),
        close_new_objects: bool = False,
        mode: str = "merge",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.admins = admins
        self.read_only_admins = read_only_admins
        self.close_new_objects = close_new_objects
        self.mode = mode

    def step(self) -> bool:
        return steps.settings(
            self.hook,
            self.hook.account_id,
            admins=self.admins,
            read_only_admins=self.read_only_admins,
            close_new_objects=self.close_new_objects,
            mode=self.mode,
        )


class LakeFormationRegisterLocationOperator(LakeFormationStepOperator):
    """Register an S3 location; whoever runs it must be allowed to pass the role.

    :param resource_arn: ARN of a bucket or prefix (templated)
    :param role_arn: role that lends its rights; None takes the service-linked role (templated)
    :param hybrid_access: IAM goes on deciding for everybody who has not opted in
    :param if_exists: ``update``, ``skip`` or ``fail``
    """

    template_fields: Sequence[str] = aws_template_fields("resource_arn", "role_arn")

    def __init__(
        self,
        *,
        resource_arn: str,
        role_arn: str | None = None,
        hybrid_access: bool = False,
        if_exists: str = "update",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.resource_arn = resource_arn
        self.role_arn = role_arn
        self.hybrid_access = hybrid_access
        self.if_exists = if_exists

    def step(self) -> str:
        return steps.location(
            self.hook,
            self.resource_arn,
            role_arn=self.role_arn,
            hybrid_access=self.hybrid_access,
            if_exists=self.if_exists,
        )


class LakeFormationTagOperator(LakeFormationStepOperator):
    """Make sure that an LF-tag may take values, and attach one of them.

    :param key: key of the LF-tag
    :param values: values it may take
    :param resource: database, table or columns to attach a value to, as the API writes it; None attaches nothing
        (templated)
    :param value: the value to attach (templated)
    """

    template_fields: Sequence[str] = aws_template_fields("resource", "value")

    def __init__(
        self,
        *,
        key: str,
        values: Collection[str],
        resource: Mapping[str, Any] | None = None,
        value: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.key = key
        self.values = values
        self.resource = resource
        self.value = value

    def step(self) -> bool:
        changed = steps.tag(self.hook, self.hook.account_id, self.key, self.values)
        if self.resource is not None:
            steps.attach_tags(self.hook, self.hook.account_id, self.resource, {self.key: self.value})
        return changed


class LakeFormationGrantOperator(LakeFormationStepOperator):
    """Grant the same rights to some principals, in batches of 20.

    :param principals: ARNs (templated)
    :param resource: as the API writes it (templated)
    :param permissions: such as ``SELECT``
    :param grantable: permissions that may be passed on
    """

    template_fields: Sequence[str] = aws_template_fields("principals", "resource")
    revoke = False

    def __init__(
        self,
        *,
        principals: Sequence[str],
        resource: Mapping[str, Any],
        permissions: Collection[str],
        grantable: Collection[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.principals = principals
        self.resource = resource
        self.permissions = permissions
        self.grantable = grantable

    def step(self) -> int:
        return steps.grants(
            self.hook,
            self.principals,
            self.resource,
            self.permissions,
            grantable=self.grantable,
            revoke=self.revoke,
        )


class LakeFormationRevokeOperator(LakeFormationGrantOperator):
    """Revoke rights from some principals; what they do not hold is no failure."""

    revoke = True


class LakeFormationDataCellsFilterOperator(LakeFormationStepOperator):
    """Make a data cells filter, or change it.

    :param cells: ``TableData`` of CreateDataCellsFilter; the account is added (templated)
    """

    template_fields: Sequence[str] = aws_template_fields("cells")

    def __init__(self, *, cells: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cells = cells

    def step(self) -> str:
        return steps.data_cells_filter(self.hook, {"TableCatalogId": self.hook.account_id, **self.cells})


class LakeFormationOptInOperator(LakeFormationStepOperator):
    """In a location with hybrid access, let Lake Formation decide for a principal on a resource.

    :param principal: ARN (templated)
    :param resource: as the API writes it (templated)
    :param present: False takes the opt-in back
    """

    template_fields: Sequence[str] = aws_template_fields("principal", "resource")

    def __init__(self, *, principal: str, resource: Mapping[str, Any], present: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.principal = principal
        self.resource = resource
        self.present = present

    def step(self) -> bool:
        return steps.opt_in(self.hook, self.principal, self.resource, present=self.present)
