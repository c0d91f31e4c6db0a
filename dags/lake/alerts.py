"""Tell people about failures and warnings through the SNS topic of the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context

# SNS refuses longer subjects, and anything but printable ASCII in them (SNS API reference, Publish).
SUBJECT_LIMIT = 100
# SNS refuses messages above 256 KiB; an engine's error text is cut long before.
ERROR_LIMIT = 8_000


def day_of(context: Context) -> str:
    """:return: the day a run works on; runs that an asset started have none"""
    dag_run = context.get("dag_run")
    logical_date = getattr(dag_run, "logical_date", None)
    return logical_date.strftime("%Y-%m-%d") if logical_date else "-"


def failure_text(context: Context) -> str:
    """:return: what failed, where, the engine's own words, and what to do next"""
    ti = context["ti"]
    error = str(context.get("exception") or "no error text was recorded; see the task's log")
    lines = [
        f"DAG:   {ti.dag_id}",
        f"Task:  {ti.task_id} (attempt {ti.try_number})",
        f"Day:   {day_of(context)}",
        f"Run:   {ti.run_id}",
        "",
        "Error:",
        error[:ERROR_LIMIT],
        "",
        f"What to do: docs/runbook.md#{ti.dag_id}, section {ti.task_id}. When the cause is removed, clear the",
        "task: every task may be repeated, finished work is recognised and not done twice.",
    ]
    log_url = getattr(ti, "log_url", None)
    return "\n".join([*lines, f"Log:   {log_url}"] if log_url else lines)


def subject_line(text: str) -> str:
    """:return: the text as SNS accepts it in a subject"""
    return text.encode("ascii", "replace").decode()[:SUBJECT_LIMIT]


class LakeAlert(BaseNotifier):
    """Publish to the alerts topic. An alert that cannot be sent is logged and never fails the task it is about.

    :param topic_arn: SNS topic; empty means that the alert is only logged
    :param aws_conn_id: Airflow connection
    """

    def __init__(self, topic_arn: str = LAKE.alerts_topic_arn, aws_conn_id: str = "aws_default") -> None:
        super().__init__()
        self.topic_arn = topic_arn
        self.aws_conn_id = aws_conn_id

    def publish(self, subject: str, message: str) -> None:
        """Send one message, or log why it could not be sent."""
        self.log.info("%s\n%s", subject, message)
        if not self.topic_arn:
            self.log.warning("No alert was sent: [lake] alerts_topic_arn is empty.")
            return
        try:
            from airflow.providers.amazon.aws.hooks.sns import SnsHook

            hook: Any = SnsHook(aws_conn_id=self.aws_conn_id)  # type: ignore[no-untyped-call]
            hook.publish_to_target(target_arn=self.topic_arn, message=message, subject=subject_line(subject))
        except Exception:
            self.log.exception("The alert could not be sent to %s; the task itself is not affected.", self.topic_arn)


class FailureAlert(LakeAlert):
    """Say which task failed, with the engine's own error text and what to do next."""

    def notify(self, context: Context) -> None:
        """:param context: Airflow's context of the failed task"""
        ti = context["ti"]
        self.publish(f"FAILED {ti.dag_id}.{ti.task_id} {day_of(context)}", failure_text(context))


def warn(context: Context, message: str, **connection: Any) -> None:
    """Alert people to something that did not stop the run.

    :param context: Airflow's context of the task that noticed
    :param message: what was noticed, where, and what to do
    """
    ti = context["ti"]
    LakeAlert(**connection).publish(f"WARNING {ti.dag_id}.{ti.task_id} {day_of(context)}", message)
