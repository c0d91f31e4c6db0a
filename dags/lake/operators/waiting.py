"""Wait in the triggerer for what has no trigger of its own, and know afterwards what the task had done before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.bases.operator import BaseOperator

_KEY = "before_waiting"


def wait_a_while(
    operator: BaseOperator, context: Context, seconds: float, method_name: str, done: dict[str, Any]
) -> NoReturn:
    """Give up the worker for a while; Airflow then calls the method with the context and the trigger's event.

    What was done is an XCom of the task and no ``kwargs`` of the deferral: ``airflow dags test`` of Airflow 3.3.1 loses
    those as soon as the trigger fires (https://github.com/apache/airflow/pull/69942). A new attempt of the task starts
    without that XCom, a resumed one has it.

    :param seconds: how long
    :param method_name: of the operator
    :param done: what ``done_before`` returns in that method; must be JSON, and no secret
    :raises TaskDeferred: always
    """
    context["ti"].xcom_push(_KEY, done)
    operator.defer(trigger=TimeDeltaTrigger(timedelta(seconds=seconds)), method_name=method_name)


def done_before(context: Context) -> dict[str, Any]:
    """:return: what the task said it had done when it began to wait"""
    done: dict[str, Any] = context["ti"].xcom_pull(key=_KEY)
    return done
