"""The Lake Formation part of a contract: who may do what on the published table, as a desired state."""

from __future__ import annotations

from typing import Any

from lake.contracts.odcs import Document, custom_property

WRITE_PERMISSIONS = ["ALTER", "DELETE", "DESCRIBE", "INSERT", "SELECT"]
READ_PERMISSIONS = ["DESCRIBE", "SELECT"]


def compiled_permissions(document: Document, columns: list[dict[str, Any]]) -> dict[str, Any]:
    """Return roles with their rights on the published table, and the tags of table and columns.

    :param document: the contract
    :param columns: result of ``compiled_columns``
    """
    tags: dict[str, str] = custom_property(document, "lfTags", {})
    table_class = tags.get("classification", "internal")
    column_tags = {
        column["name"]: {"classification": column["classification"]}
        for column in columns
        if column["classification"] != table_class
    }
    roles = [_role(role, columns) for role in document.get("roles", [])]
    return {"roles": roles, "lf_tags": tags, "column_tags": column_tags}


def _role(role: Document, columns: list[dict[str, Any]]) -> dict[str, Any]:
    excluded = list(custom_property(role, "excludeColumns", []))
    writes = role.get("access") == "write"
    # Personal data is closed by default: a reader sees it only when the contract says includeTags: [pii].
    if not writes and "pii" not in custom_property(role, "includeTags", []):
        excluded += [column["name"] for column in columns if column["pii"] and column["name"] not in excluded]
    return {
        "role": role["role"],
        "access": role.get("access", "read"),
        "permissions": WRITE_PERMISSIONS if writes else READ_PERMISSIONS,
        "row_filter": custom_property(role, "rowFilter"),
        "excluded_columns": excluded,
        "description": " ".join(role.get("description", "").split()),
    }
