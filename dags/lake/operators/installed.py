"""Check the worker itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from lake.installed import REQUIREMENTS, problems, required_lines

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckRequirementsOperator(BaseOperator):
    """Import every top-level requirement, at the version requirements.txt names.

    An environment of MWAA becomes AVAILABLE also when pip has failed, so only an import on a worker proves anything.

    :param file: the requirements file; the one deployed with dags/ if not given
    """

    def __init__(self, *, file: str | None = None, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.file = file

    def execute(self, context: Context) -> list[str]:
        """:return: the requirements that were checked"""
        path = Path(self.file) if self.file else REQUIREMENTS
        if not path.exists():
            raise AirflowFailException(
                f"{path} is not there. It must be deployed with dags/: copy requirements.txt where the link points to."
            )
        text = path.read_text(encoding="utf-8")
        checked = [line.text for line in required_lines(text)]
        if found := list(problems(text)):
            raise AirflowFailException(
                f"{len(found)} problem(s) with requirements.txt on this worker:\n- "
                + "\n- ".join(found)
                + "\nMWAA only logs a failed pip install: read log stream requirements_install_* of the environment's "
                "log groups, correct the line, deploy again."
            )
        self.log.info("Installed and importable: %s", ", ".join(checked))
        return checked
