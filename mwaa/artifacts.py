"""Which file of the repository becomes which object of the artifacts bucket; for the laptop and for deployments alike.

The keys are fixed although running jobs read them. That is safe: Glue fetches script and package once, when a job run
starts, and a task's run key is a fingerprint of both, so a run is never continued with another version. What must
hold is that a job's new script takes the arguments of the DAGs before it, because DAGs are deployed last.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mwaa.archives import zipped

PREFIXES = ("glue_jobs/", "contracts/")
PACKAGE_KEY = "glue_jobs/glue_jobs.zip"


def artifacts(repository: Path) -> Iterator[tuple[str, bytes]]:
    """Key and content of each artifact: the jobs' package, contracts, job scripts.

    In the order of a deployment: what a script imports and reads is there before the script.

    :param repository: root of the repository.
    """
    jobs = repository / "glue_jobs"
    sources = sorted(path for path in jobs.rglob("*.py") if "__pycache__" not in path.parts)
    if sources:
        # Equal content gives an equal zip: an unchanged package is not uploaded (a job's run key contains its hash).
        yield (
            PACKAGE_KEY,
            zipped({source.relative_to(repository).as_posix(): source.read_bytes() for source in sources}),
        )
    for contract in sorted((repository / "dags" / "contracts").glob("*.json")):
        if contract.name != "index.json":  # read by DAG files only
            yield f"contracts/{contract.name}", contract.read_bytes()
    for source in sources:
        if source.parent != jobs and source.name != "__init__.py":
            yield f"glue_jobs/{source.relative_to(jobs).as_posix()}", source.read_bytes()
