"""Ask a person before something is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.exceptions import HITLTimeoutError
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowFailException

if TYPE_CHECKING:
    from airflow.sdk import Context

# The parameter of a DAG that names who approved outside Airflow. `airflow dags test` cannot answer a question.
APPROVED_BY = {
    "approved_by": Param(
        None,
        type=["null", "string"],
        maxLength=100,
        title="Approved by",
        description="Who approved this, if it was decided elsewhere; the run then asks nobody. Empty: it asks.",
    )
}


def approver(task_id: str) -> str:
    """Return the template that gives the name of who approved.

    :param task_id: task of an :class:`ApproveOperator`
    """
    answer = f"{{% set user = ti.xcom_pull(task_ids='{task_id}')['responded_by_user'] or {{}} %}}"
    return answer + "{{ user.name or user.id or 'unknown' }}"


class ApproveOperator(ApprovalOperator):
    """Ask for approval, unless the run's parameters name who gave it. A rejection skips what follows.

    :param approved_by: who approved; empty to ask (templated)
    """

    template_fields = (*ApprovalOperator.template_fields, "approved_by")

    def __init__(
        self, *, approved_by: str = "{{ params.approved_by or '' }}", params: Any = None, **kwargs: Any
    ) -> None:
        # Airflow hands the DAG's parameters to every operator; the screen must not ask for them again.
        super().__init__(**kwargs)
        self.approved_by = approved_by

    def execute(self, context: Context) -> Any:
        name = self.approved_by.strip()
        if not name:
            return super().execute(context)
        self.log.info("Approved by %s, as the parameters of this run say.", name)
        return {"chosen_options": [self.APPROVE], "responded_by_user": {"id": name, "name": name}}

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        try:
            return super().execute_complete(context, event)
        except HITLTimeoutError as error:
            raise AirflowFailException("Nobody decided in time; nothing was changed. Start again.") from error
