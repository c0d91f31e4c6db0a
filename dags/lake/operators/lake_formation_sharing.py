"""Data across accounts: share with a consumer, and make the link under which a consumer finds what it was given.

Both may be repeated. ``docs/sharing.md`` says what either side must be allowed to do.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException

from lake.clients import client
from lake.failures import failure
from lake.lake_formation import steps
from lake.lake_formation.resource_links import ResourceLink, make_resource_link
from lake.lake_formation.sharing import Share, Status, grant_share, read_share, shared_arn
from lake.operators.lake_formation_steps import LakeFormationStepOperator
from lake.operators.waiting import done_before, wait_a_while
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context

_WAY_OUT = "The role of connection {0} must be a data lake administrator and have the rights of docs/sharing.md."


class LakeFormationShareOperator(LakeFormationStepOperator):
    """Grant something to another account or organization, and wait until AWS RAM has associated both.

    Within the organization that takes seconds. An account outside of it must accept an invitation first: the task
    succeeds with status PENDING and says what the consumer has to do, unless it is told to wait for that.

    :param consumer: account id, or ARN of an organization or organizational unit (templated)
    :param resource: as the API writes it: database, table, columns, data cells filter or LF-tag policy (templated)
    :param permissions: such as ``SELECT``
    :param grantable: permissions that the consumer's administrators may pass on
    :param wait_for_acceptance: an invitation that nobody has accepted is waited for, too
    :param poll_seconds: how long to wait between two looks at the resource share
    :param timeout_seconds: how long to wait for the association at most
    :return: ``status`` (ASSOCIATED or PENDING), ``detail`` (of an invitation, what the consumer has to do), the ARN of
        the ``resource_share``, and whether anything was ``granted``
    """

    template_fields: Sequence[str] = aws_template_fields("consumer", "resource")
    way_out = _WAY_OUT

    def __init__(
        self,
        *,
        consumer: str,
        resource: Mapping[str, Any],
        permissions: Collection[str],
        grantable: Collection[str] = (),
        wait_for_acceptance: bool = False,
        poll_seconds: float = LAKE.poll_seconds,
        timeout_seconds: int = 600,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.consumer = consumer
        self.resource = resource
        self.permissions = permissions
        self.grantable = grantable
        self.wait_for_acceptance = wait_for_acceptance
        self.poll_seconds = poll_seconds
        self.timeout_seconds = timeout_seconds

    def execute(self, context: Context) -> Any:
        return self.attempt(lambda: self._share(context))

    def look_again(self, context: Context, event: Any = None) -> Any:
        """Resumed after a while."""
        return self.attempt(lambda: self._look(context, **done_before(context)))

    def _share(self, context: Context) -> dict[str, Any]:
        granted = grant_share(
            self.hook, self.hook.account_id, self.consumer, self.resource, self.permissions, self.grantable
        )
        self.log.info("%s for %s", "Granted" if granted else "Granted already: nothing to do", self.consumer)
        return self._look(context, granted, since=time.time())

    def _look(self, context: Context, granted: bool, since: float) -> dict[str, Any]:
        """Say how far the share has come, or wait for it.

        :param granted: whether this task granted something
        :param since: when it was granted, in seconds since the epoch
        """
        hook = self.hook
        catalog_arn = f"arn:{hook.conn_partition}:glue:{hook.conn_region_name}:{hook.account_id}:catalog"
        share = read_share(client("ram", self.aws_conn_id), self.consumer, shared_arn(self.resource, catalog_arn))
        if share.status is Status.FAILED:
            raise AirflowFailException(f"AWS RAM could not share with {self.consumer}. {share.detail}")
        if share.status is Status.ASSOCIATING or (share.status is Status.PENDING and self.wait_for_acceptance):
            self._wait(context, share, granted, since)
        pending = share.status is Status.PENDING
        detail = self._invitation(share) if pending else share.detail
        self.log.log(logging.WARNING if pending else logging.INFO, "%s: %s", share.status, detail)
        return {
            "status": str(share.status),
            "detail": detail,
            "resource_share": share.resource_share_arn,
            "granted": granted,
        }

    def _wait(self, context: Context, share: Share, granted: bool, since: float) -> None:
        invitation = f" {self._invitation(share)}" if share.status is Status.PENDING else ""
        waited = time.time() - since
        if waited >= self.timeout_seconds:
            raise failure(
                f"AWS RAM has not associated {self.consumer} within {self.timeout_seconds} s. The grant stays. "
                f"{share.detail}.{invitation}",
                heals=True,
            )
        self.log.info("Waiting, %.0f of %s s: %s.%s", waited, self.timeout_seconds, share.detail, invitation)
        done = {"granted": granted, "since": since}
        wait_a_while(self, context, self.poll_seconds, "look_again", done)

    def _invitation(self, share: Share) -> str:
        return (
            f"Account {self.consumer} is outside of the organization and has not accepted the invitation to "
            f"{share.resource_share_arn}. A data lake administrator there must accept it in AWS RAM: `aws ram "
            "get-resource-share-invitations`, then `aws ram accept-resource-share-invitation`."
        )


class LakeFormationResourceLinkOperator(LakeFormationStepOperator):
    """Make a resource link to a database or table that another account shares with this one.

    A link gives no access: whoever reads through it needs rights on the target, too. Something else of that name, or a
    link to something else, fails the task and stays as it is.

    :param database: database of the link; for a link to a database its own name (templated)
    :param table: name of the link; None for a link to a database (templated)
    :param target_catalog_id: account that shares (templated)
    :param target_database: database over there (templated)
    :param target_table: table over there; None for a link to a database (templated)
    :param describe: ARNs of principals that get DESCRIBE on the link (templated)
    :return: ``created`` or ``unchanged``
    """

    template_fields: Sequence[str] = aws_template_fields(
        "database", "table", "target_catalog_id", "target_database", "target_table", "describe"
    )
    way_out = _WAY_OUT

    def __init__(
        self,
        *,
        database: str,
        target_catalog_id: str,
        target_database: str,
        table: str | None = None,
        target_table: str | None = None,
        describe: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.database = database
        self.table = table
        self.target_catalog_id = target_catalog_id
        self.target_database = target_database
        self.target_table = target_table
        self.describe = describe

    def step(self) -> str:
        link = ResourceLink(self.database, self.table, self.target_catalog_id, self.target_database, self.target_table)
        made = make_resource_link(client("glue", self.aws_conn_id), link)
        steps.grants(self.hook, self.describe, link.resource, ["DESCRIBE"])
        return made
