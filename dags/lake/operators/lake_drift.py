"""Operators that show the lake's permissions to people: what has drifted, and who sees what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException

from lake.lake_formation.access_page import access_page
from lake.lake_formation.lake_plan import Request
from lake.lake_formation.plan import Severity
from lake.operators.lake_permissions import LakePermissionsOperator
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context


class LakeFormationDriftOperator(LakePermissionsOperator):
    """Report every difference between the lake and what contracts and policy declare.

    A critical finding (a table, database or new table open to every IAM principal, a location that is not registered,
    too many administrators) always fails the task.

    :param databases: scope; empty means the databases of the platform's policy
    :param ignore: patterns (``*``, ``?``) of lines that are known and accepted; they count as nothing
    :param severity: ``fail`` to fail on any difference, ``warn`` to log it
    :return: lines of the differences, ``missing`` and ``undeclared``, and ``critical``
    """

    template_fields: Sequence[str] = aws_template_fields("databases", "ignore")

    def __init__(
        self, *, databases: Sequence[str] = (), ignore: Sequence[str] = (), severity: str = "warn", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if severity not in ("warn", "fail"):
            raise ValueError(f"severity is 'warn' or 'fail', not {severity!r}")
        self.databases = databases
        self.ignore = ignore
        self.severity = severity

    def execute(self, context: Context) -> dict[str, list[str]]:
        plan = self.make_plan(Request(tuple(self.databases), prune=False)).plan
        found = [finding for finding in plan.findings if finding.severity is not Severity.INFO]
        drift = {
            "missing": self._counted(change.as_line() for change in plan.changes),
            "undeclared": self._counted(str(finding) for finding in found if finding.severity is Severity.WARNING),
            "critical": self._counted(str(finding) for finding in found if finding.severity is Severity.CRITICAL),
        }
        for kind, lines in drift.items():
            for line in lines:
                self.log.warning("%s: %s", kind, line)
        fatal = [
            line for kind, lines in drift.items() for line in lines if self.severity == "fail" or kind == "critical"
        ]
        if fatal:
            told = "\n".join(fatal)
            raise AirflowFailException(f"The lake is not what contracts and policy declare:\n{told}")
        return drift

    def _counted(self, lines: Iterable[str]) -> list[str]:
        return [line for line in lines if not any(fnmatchcase(line, pattern) for pattern in self.ignore)]


class PublishAccessPageOperator(LakePermissionsOperator):
    """Write the page that shows who sees which table, columns and rows: one file without any link to elsewhere.

    :param page_uri: where to, ``s3://.../*.html`` (templated)
    :param day: what the page is dated (templated)
    """

    template_fields: Sequence[str] = aws_template_fields("page_uri", "day")

    def __init__(self, *, page_uri: str, day: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.page_uri = page_uri
        self.day = day

    def execute(self, context: Context) -> str:
        made = self.make_plan(Request(prune=False))
        page = access_page(made.actual, made.plan, self.names.short, title=LAKE.workgroup, day=self.day)
        self.put(self.page_uri, page.encode(), "text/html; charset=utf-8")
        self.log.info("Who sees what: %s", self.page_uri)
        return self.page_uri
