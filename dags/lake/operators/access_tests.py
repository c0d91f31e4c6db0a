"""Unit tests of permissions: queries of people, asked through Athena as they would ask, and what they must see."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException

from lake.clients import client
from lake.failures import refused_call
from lake.lake_formation.access_cases import Answer, verdict
from lake.lake_formation.desired import RoleNames
from lake.lake_formation.policy import platform_policy
from lake.operators.waiting import done_before, wait_a_while
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context


class LakeFormationAccessTestOperator(AwsBaseOperator[AthenaHook]):
    """Ask Athena in the roles of people, and fail if anybody sees more or less than said.

    Each role asks in the workgroup of its own name. The task's role must be allowed to assume the roles.

    :param cases: each a ``role`` (short name), ``sql``, the ``table`` that must be published, and ``expect``:
        ``columns`` (with ``includes`` and ``excludes``), ``rows`` (with ``count`` or ``least``) or ``denied``; None
        takes those of the platform's policy for this environment
    :param poll_seconds: how long to wait between two looks at queries that run
    :param patience_seconds: how long queries may take
    :return: how many cases ``passed``, and which were ``skipped`` because their table is not published yet
    """

    aws_hook_class = AthenaHook
    template_fields: Sequence[str] = aws_template_fields()

    def __init__(
        self,
        *,
        cases: Sequence[Mapping[str, Any]] | None = None,
        poll_seconds: float = LAKE.poll_seconds,
        patience_seconds: int = 600,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cases = cases
        self.poll_seconds = poll_seconds
        self.patience_seconds = patience_seconds

    def execute(self, context: Context) -> Any:
        cases = self._cases()
        published = {table for table in {case["table"] for case in cases} if self._is_published(table)}
        athena = cache(self._athena)
        asked = {
            str(number): self._ask(athena, case) for number, case in enumerate(cases) if case["table"] in published
        }
        skipped = [case["sql"] for case in cases if case["table"] not in published]
        for sql in skipped:
            self.log.warning("not asked, its table is not published yet: %s", sql)
        return self._look(context, asked, skipped, since=time.time())

    def look_again(self, context: Context, event: Any = None) -> Any:
        """Resumed after a while."""
        return self._look(context, **done_before(context))

    def _look(self, context: Context, asked: dict[str, str], skipped: list[str], since: float) -> dict[str, Any]:
        """Judge the answers, or wait for them.

        :param asked: query id, or refusal, by number of the case
        :param since: when they were asked, in seconds since the epoch
        """
        cases = self._cases()
        athena = cache(self._athena)
        answers = {number: self._answer(athena, cases[int(number)], query) for number, query in asked.items()}
        if any(answer is None for answer in answers.values()):
            if time.time() - since >= self.patience_seconds:
                raise AirflowFailException(f"Some queries did not end within {self.patience_seconds} s.")
            done = {"asked": asked, "skipped": skipped, "since": since}
            wait_a_while(self, context, self.poll_seconds, "look_again", done)
        wrong = []
        for number, answer in answers.items():
            case = cases[int(number)]
            said = verdict(case, answer) if answer else "no answer"
            self.log.info("%s: %s: %s", said or "ok", case["role"], case["sql"])
            if said:
                wrong.append(f"{case['role']}: {case['sql']}: {said}")
        if wrong:
            told = "\n".join(wrong)
            raise AirflowFailException(f"{len(wrong)} of {len(asked)} access tests failed:\n{told}")
        return {"passed": len(asked), "skipped": skipped}

    def _cases(self) -> Sequence[Mapping[str, Any]]:
        if self.cases is not None:
            return self.cases
        return platform_policy(RoleNames(self.hook.account_id, LAKE.prefix, LAKE.env)).access_tests

    def _is_published(self, table: str) -> bool:
        from botocore.exceptions import ClientError

        database, _, name = table.partition(".")
        try:
            client("glue", self.aws_conn_id).get_table(DatabaseName=database, Name=name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "EntityNotFoundException":
                return False
            raise refused_call(error, f"look up {table}", "The task's role needs glue:GetTable.") from error
        return True

    def _ask(self, athena: Callable[[str], Any], case: Mapping[str, Any]) -> str:
        """:return: id of the query, or ``refused: reason``"""
        from botocore.exceptions import ClientError

        try:
            query = athena(case["role"]).start_query_execution(
                QueryString=case["sql"], WorkGroup=LAKE.name(case["role"])
            )
        except ClientError as error:
            return f"refused: {error}"
        return str(query["QueryExecutionId"])

    def _answer(self, athena: Callable[[str], Any], case: Mapping[str, Any], query: str) -> Answer | None:
        """:return: None while the query runs"""
        if query.startswith("refused: "):
            return Answer(refusal=query.removeprefix("refused: "))
        asker = athena(case["role"])
        status = asker.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] in ("QUEUED", "RUNNING"):
            return None
        if status["State"] != "SUCCEEDED":
            return Answer(refusal=status.get("StateChangeReason", status["State"]))
        pages = asker.get_paginator("get_query_results").paginate(QueryExecutionId=query)
        sets = [page["ResultSet"] for page in pages]
        columns = tuple(column["Name"].lower() for column in sets[0]["ResultSetMetadata"]["ColumnInfo"])
        # The first row of the first page holds the names.
        return Answer(columns=columns, rows=sum(len(found["Rows"]) for found in sets) - 1)

    def _athena(self, role: str) -> Any:
        """Client in the role of a person."""
        import boto3
        from botocore.exceptions import ClientError

        arn = RoleNames(self.hook.account_id, LAKE.prefix, LAKE.env).arn(role)
        try:
            keys = client("sts", self.aws_conn_id).assume_role(RoleArn=arn, RoleSessionName="access-test")
        except ClientError as error:
            advice = "Its trust policy, and sts:AssumeRole of the task's role, must allow it."
            raise refused_call(error, f"assume the role {arn}", advice) from error
        held = keys["Credentials"]
        return boto3.client(
            "athena",
            region_name=self.hook.conn_region_name,
            aws_access_key_id=held["AccessKeyId"],
            aws_secret_access_key=held["SecretAccessKey"],
            aws_session_token=held["SessionToken"] or None,
        )
