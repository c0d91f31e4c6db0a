"""Whether a person must agree before something is taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.branch import BaseBranchOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class RouteRemovalsOperator(BaseBranchOperator):
    """Choose what follows a plan: nothing to take away, somebody has agreed already, or somebody must be asked.

    :param removals: how many changes take something away (templated)
    :param approved_by: who has agreed when the run was started; empty: nobody (templated)
    :param nothing: task that follows when nothing is taken away
    :param approved: task that takes away
    :param ask: task that asks
    """

    template_fields: Sequence[str] = ("removals", "approved_by")

    def __init__(
        self, *, removals: int | str, approved_by: str, nothing: str, approved: str, ask: str, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.removals = removals
        self.approved_by = approved_by
        self.nothing = nothing
        self.approved = approved
        self.ask = ask

    def choose_branch(self, context: Context) -> str:
        if int(self.removals) == 0:
            return self.nothing
        if self.approved_by.strip():
            self.log.info("%s agreed to %s removals when the run was started", self.approved_by, self.removals)
            return self.approved
        return self.ask
