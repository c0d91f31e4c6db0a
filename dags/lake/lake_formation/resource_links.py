"""Resource links: names in this catalog for databases and tables of another one.

Source: Lake Formation developer guide, "Creating resource links".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lake.lake_formation.steps import StepRefusedError


@dataclass(frozen=True)
class ResourceLink:
    """:param table: None for a link to a whole database, whose name is ``database`` then
    :param target_catalog_id: account of the target
    :param target_table: None for a link to a whole database
    """

    database: str
    table: str | None
    target_catalog_id: str
    target_database: str
    target_table: str | None

    def __str__(self) -> str:
        return f"{self.database}.{self.table}" if self.table else self.database

    @property
    def resource(self) -> dict[str, Any]:
        """The link as Lake Formation's API writes it."""
        if self.table:
            return {"Table": {"DatabaseName": self.database, "Name": self.table}}
        return {"Database": {"Name": self.database}}

    @property
    def target(self) -> dict[str, str]:
        """The target as Glue's API writes it."""
        name = {"Name": self.target_table} if self.target_table else {}
        return {"CatalogId": self.target_catalog_id, "DatabaseName": self.target_database, **name}


def make_resource_link(glue: Any, link: ResourceLink) -> str:
    """Make a link, unless it is there already.

    :param glue: boto3 client ``glue``
    :return: ``created`` or ``unchanged``
    :raises StepRefusedError: something else has the name, or the link points elsewhere; nothing is changed
    """
    if bool(link.table) != bool(link.target_table):
        raise StepRefusedError("A link to a table is a table, a link to a database a database: name both or neither.")
    if not _is_there(glue, link):
        try:
            _create(glue, link)
        except glue.exceptions.AlreadyExistsException:
            # Somebody was faster; whose link it is decides.
            if not _is_there(glue, link):
                raise
        else:
            return "created"
    return "unchanged"


def _is_there(glue: Any, link: ResourceLink) -> bool:
    try:
        if link.table:
            found = glue.get_table(DatabaseName=link.database, Name=link.table)["Table"]
            target = found.get("TargetTable")
        else:
            found = glue.get_database(Name=link.database)["Database"]
            target = found.get("TargetDatabase")
    except glue.exceptions.EntityNotFoundException:
        return False
    if not target:
        kind = "table" if link.table else "database"
        raise StepRefusedError(f"{link} is a {kind} of this catalog and no resource link. Nothing was changed.")
    if _text(target) != _text(link.target):
        raise StepRefusedError(
            f"{link} is a resource link to {_text(target)}, not to {_text(link.target)}. Nothing was changed."
        )
    return True


def _create(glue: Any, link: ResourceLink) -> None:
    if link.table:
        glue.create_table(DatabaseName=link.database, TableInput={"Name": link.table, "TargetTable": link.target})
    else:
        glue.create_database(DatabaseInput={"Name": link.database, "TargetDatabase": link.target})


def _text(target: Mapping[str, str]) -> str:
    return ".".join(target[part].lower() for part in ("CatalogId", "DatabaseName", "Name") if target.get(part))
