"""Tables and their versions."""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.glue.models import FakeTable

from local.errors import AwsError
from local.services.glue.refusals import invalid

# AWS keeps 100 archived versions per table unless its quota is raised; more is of no use on a laptop.
KEPT_VERSIONS = 100


class LocalTable(FakeTable):
    """A table whose versions count from 0 and whose updates can be conditional."""

    def __init__(
        self,
        database_name: str,
        table_input: dict[str, Any],
        catalog_id: str,
        open_table_format_input: dict[str, Any] | None = None,
        created_by: str | None = None,
    ) -> None:
        super().__init__(database_name, table_input["Name"], table_input, catalog_id, open_table_format_input)
        self._current_version = 0
        self.versions = {"0": table_input}
        self.updated_time = self.created_time
        self.created_by = created_by

    @property
    def current(self) -> dict[str, Any]:
        """The TableInput of the newest version."""
        return self.versions[str(self._current_version)]

    def replace(self, table_input: dict[str, Any], expected_version: str | None, archive: bool) -> None:
        """Make a new version. To be called under the catalog's lock.

        :param expected_version: VersionId the caller has read; None for an unconditional update
        :param archive: keep the old version
        :raises AwsError: somebody else has updated the table meanwhile
        """
        if expected_version is not None and expected_version != str(self._current_version):
            raise AwsError(
                "ConcurrentModificationException",
                f"Update table failed due to concurrent modifications: {self.database_name}.{self.name} has version "
                f"{self._current_version}, not {expected_version}.",
            )
        if not archive:
            self.versions.pop(str(self._current_version), None)
        self.update(table_input)
        for version in list(self.versions)[:-KEPT_VERSIONS]:
            del self.versions[version]

    def as_dict(self, version: str | None = None) -> dict[str, Any]:
        # moto reads version 0 as "no version"
        answer = super().as_dict(str(self._current_version) if version is None else version)
        answer.setdefault("Retention", 0)
        if self.created_by:
            answer["CreatedBy"] = self.created_by
        answer["UpdateTime"] = self.updated_time or utcnow()
        return answer

    def check_values(self, values: list[str]) -> None:
        """:raises AwsError: not one value per partition key"""
        keys = self.current.get("PartitionKeys") or []
        if len(values) != len(keys):
            names = ", ".join(key["Name"] for key in keys) or "none"
            raise invalid(
                f"The number of partition keys do not match the number of partition values: "
                f"{self.database_name}.{self.name} has the keys {names}, the request has {len(values)} value(s)."
            )
