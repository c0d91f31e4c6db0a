"""What a run was triggered with: a key that its DAG does not know is a mistake, not nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowFailException

if TYPE_CHECKING:
    from airflow.sdk import Context


def refuse_unknown_conf(context: Context) -> None:
    """Fail when the run's configuration has a key that is no parameter of the DAG: Airflow takes it without a word.

    For ``pre_execute`` of the first task of a DAG with parameters.

    :param context: of the task
    :raises AirflowFailException: naming the unknown keys and the known ones
    """
    known = sorted(context["dag"].params)
    unknown = sorted(set(context["dag_run"].conf or {}) - set(known))
    if unknown:
        raise AirflowFailException(
            f"The run was triggered with {', '.join(map(repr, unknown))}, which {context['dag'].dag_id} does not know: "
            f"nothing was done. It knows {', '.join(known)}. Trigger it again with those."
        )
