"""Everything that can be known before anything is uploaded. Needs no AWS."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from mwaa.deploy.checks import plugins, startup
from mwaa.deploy.checks.dag_import import import_dags
from mwaa.deploy.checks.remembered import Remembered
from mwaa.deploy.checks.requirements import check_requirements
from mwaa.deploy.checks.result import Finding, Unknown
from mwaa.deploy.errors import DeployError
from mwaa.deploy.project import Project

Say = Callable[[str], None]


@dataclass(frozen=True)
class Checked:
    """:param dag_ids: the DAGs of the project."""

    dag_ids: list[str]


def check(project: Project, airflow_version: str, allow_dirty: bool, say: Say, use_memory: bool = True) -> Checked:
    """Check a project.

    :param project: what is to be deployed.
    :param airflow_version: of the environment.
    :param allow_dirty: whether files may differ from the commit.
    :param say: receives a line per check.
    :param use_memory: whether a check whose input has not changed since it last succeeded is skipped.
    :raises DeployError: with every finding.
    """
    memory = Remembered(project.build / "checks.json", use_memory)
    constraints = project.constraints(airflow_version)
    findings: list[Finding] = []
    with ThreadPoolExecutor(2) as pool:
        # Importing Airflow takes seconds, so both long checks run beside each other and beside the short ones.
        imported = pool.submit(import_dags, project, memory)
        resolved = pool.submit(check_requirements, project, constraints, memory)
        findings += _commit_findings(project, allow_dirty)
        findings += plugins.check_plugins(project)
        findings += startup.check_startup(project)
        try:
            found, how = resolved.result()
            findings += found
            if not found:
                say(f"requirements.txt: {how}")
        except Unknown as error:
            findings.append(Finding("requirements.txt", str(error)))
        dags = imported.result()
    findings += dags.findings
    if not dags.findings:
        say(f"dags: {len(dags.dag_ids)} DAGs import{' (unchanged)' if dags.remembered else ''}")
    if findings:
        lines = [f"  {item.where}: {item.what}" for item in findings]
        raise DeployError("\n".join([f"{len(findings)} finding{'s' if len(findings) > 1 else ''}:", *lines]))
    say("plugins.zip, startup.sh, commit: ok")
    return Checked(dags.dag_ids)


def _commit_findings(project: Project, allow_dirty: bool) -> list[Finding]:
    """What runs in production must be findable: the commit is all that a record can name."""
    if allow_dirty:
        return []
    changed = project.uncommitted()
    hint = "commit, or add --allow-dirty"
    if changed is None:
        return [Finding("git", f"{project.root} is no git repository, so nobody could tell what was deployed: {hint}")]
    if changed:
        shown = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        return [Finding("git", f"not committed: {shown}; {hint}")]
    return []
