"""Read what is reachable before anything is sent: who could see the canary, and whether alerts would arrive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.sns import SnsHook
from airflow.providers.amazon.aws.hooks.sqs import SqsHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException

from lake.clients import client
from lake.failures import refused_call
from lake.lake_formation.desired import RoleNames
from lake.lake_formation.hook import LakeFormationHook
from lake.lake_formation.policy import platform_policy
from lake.operators.lake_formation import LAKE_FORMATION_CONNECTION
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context


class RequireNoConsumersOperator(AwsBaseOperator[LakeFormationHook]):
    """Fail if Lake Formation lets anybody but the lake's own roles and administrators see a database.

    :param database: Glue database (templated)
    :param aws_conn_id: connection whose role is a data lake administrator
    :param catalog_conn_id: connection whose role sees the database's tables
    """

    aws_hook_class = LakeFormationHook
    template_fields = aws_template_fields("database")

    def __init__(
        self,
        *,
        database: str,
        aws_conn_id: str | None = LAKE_FORMATION_CONNECTION,
        catalog_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(aws_conn_id=aws_conn_id, **kwargs)
        self.database = database
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> int:
        """:return: how many grants were looked at"""
        from botocore.exceptions import ClientError

        try:
            account = self.hook.account_id
            grants = list(self._grants())
            trusted = self.hook.read_admins(account)
            asking = client("sts", self.aws_conn_id).get_caller_identity()["Arn"]
        except ClientError as error:
            raise refused_call(
                error,
                f"read the permissions of {self.database}",
                f"The role of connection {self.aws_conn_id} must be a lake administrator; mwaa/cloudformation/"
                "canary.yaml makes the database.",
            ) from error
        # Whoever is no administrator is shown its own grants only, and would find everything in order.
        if _name(asking) not in {_name(admin) for admin in trusted}:
            raise AirflowFailException(
                f"{asking} is no lake administrator and cannot see who else may read {self.database}. Connection "
                f"{self.aws_conn_id} must assume the role {LAKE.name('lake-admin')}: output LakeFormationConnection of "
                "the lake's stack."
            )
        ours = trusted | platform_policy(RoleNames(account, LAKE.prefix, LAKE.env)).service_roles
        strangers = sorted(set(grants) - ours)
        if strangers:
            raise AirflowFailException(
                f"The database {self.database} must be seen by nobody but the lake's own roles, but Lake Formation "
                f"grants something on it to {', '.join(strangers)}. Revoke it."
            )
        return len(grants)

    def _grants(self) -> Iterator[str]:
        """Principals of all grants on the database and on its tables, one entry for each grant."""
        catalog = client("glue", self.catalog_conn_id)
        tables = [
            table["Name"]
            for page in catalog.get_paginator("get_tables").paginate(DatabaseName=self.database)
            for table in page["TableList"]
        ]
        resources: list[dict[str, Any]] = [
            {"Database": {"Name": self.database}},
            {"Table": {"DatabaseName": self.database, "TableWildcard": {}}},
            *({"Table": {"DatabaseName": self.database, "Name": name}} for name in tables),
        ]
        lake_formation: Any = self.hook.conn
        for resource in resources:
            request: dict[str, Any] = {"Resource": resource}
            while True:
                page = lake_formation.list_permissions(**request)
                for entry in page["PrincipalResourcePermissions"]:
                    yield entry["Principal"]["DataLakePrincipalIdentifier"]
                if not page.get("NextToken"):
                    break
                request["NextToken"] = page["NextToken"]


def _name(arn: str) -> str:
    """:return: name of a role or user; of a role's session (assumed-role/<role>/<session>) that of the role"""
    parts = arn.split("/")
    return parts[1] if ":assumed-role/" in arn else parts[-1]


class CheckAlertsTopicOperator(AwsBaseOperator[SnsHook]):
    """Fail if the topic of the alerts cannot be read: an alert to a topic that is not there reaches nobody.

    Sends nothing.

    :param topic_arn: SNS topic (templated)
    """

    aws_hook_class = SnsHook
    template_fields = aws_template_fields("topic_arn")

    def __init__(self, *, topic_arn: str = LAKE.alerts_topic_arn, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.topic_arn = topic_arn

    def execute(self, context: Context) -> int:
        """:return: confirmed subscriptions of the topic"""
        from botocore.exceptions import ClientError

        if not self.topic_arn:
            raise AirflowFailException(
                "[lake] alerts_topic_arn is empty: failures are only logged. Set the configuration option "
                "lake.alerts_topic_arn to the output AlertsTopicArn of the lake's stack."
            )
        sns: Any = self.hook.conn
        try:
            attributes = sns.get_topic_attributes(TopicArn=self.topic_arn)["Attributes"]
        except ClientError as error:
            raise refused_call(
                error, f"read the topic {self.topic_arn}", "Failures of the lake would reach nobody."
            ) from error
        subscriptions = int(attributes.get("SubscriptionsConfirmed", 0))
        if not subscriptions:
            self.log.warning("Nobody is subscribed to %s: failures reach nobody.", self.topic_arn)
        return subscriptions


class CheckArrivalsQueueOperator(AwsBaseOperator[SqsHook]):
    """Fail if the queue that hears of deliveries cannot be read, or puts nothing aside. Receives no message.

    :param queue_name: SQS queue (templated)
    """

    aws_hook_class = SqsHook
    template_fields = aws_template_fields("queue_name")

    def __init__(self, *, queue_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.queue_name = queue_name

    def execute(self, context: Context) -> int:
        """:return: messages that wait, about"""
        from botocore.exceptions import ClientError

        sqs: Any = self.hook.conn
        try:
            url = sqs.get_queue_url(QueueName=self.queue_name)["QueueUrl"]
            names = ["ApproximateNumberOfMessages", "RedrivePolicy"]
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        except ClientError as error:
            raise refused_call(
                error,
                f"read the queue {self.queue_name}",
                "Nobody would hear of a delivery; lake.yaml makes the queue.",
            ) from error
        if "RedrivePolicy" not in attributes:
            raise AirflowFailException(
                f"The queue {self.queue_name} has no dead-letter queue: a message that nobody can handle comes back "
                "for ever. Deploy mwaa/cloudformation/lake.yaml again."
            )
        return int(attributes["ApproximateNumberOfMessages"])
