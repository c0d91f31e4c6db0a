"""Task logs on their way from Airflow's files to CloudWatch, as MWAA's log agent sends them."""

from __future__ import annotations

from pathlib import Path

from local.services.mwaa.log_groups import LogGroups

_FILES = "dag_id=*/run_id=*/task_id=*/*.log"


class TaskLogs:
    """:param folder: Airflow's log folder; it may not exist yet.
    :param groups: of the environment.
    """

    def __init__(self, folder: Path, groups: LogGroups) -> None:
        self._folder = folder
        self._groups = groups
        # What ran before this start was sent before.
        self._sent = {path: path.stat().st_size for path in folder.glob(_FILES)}

    def copy(self) -> None:
        """Send the complete lines that were added since the last call; one stream per attempt."""
        for path in self._folder.glob(_FILES):
            begin = self._sent.get(path, 0)
            if path.stat().st_size == begin:
                continue
            with path.open("rb") as file:
                file.seek(begin)
                complete, newline, _ = file.read().rpartition(b"\n")
            # CloudWatch allows no colon in the name of a stream; Airflow's log handler writes an underscore.
            stream = path.relative_to(self._folder).as_posix().replace(":", "_")
            self._groups.write("TaskLogs", stream, complete.decode(errors="replace").splitlines())
            self._sent[path] = begin + len(complete) + len(newline)
