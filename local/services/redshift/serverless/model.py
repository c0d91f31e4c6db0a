"""Namespaces, workgroups and usage limits, kept in the state folder."""

from __future__ import annotations

import json
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from local.services.redshift.databases import Databases
from local.services.redshift.warehouse import Warehouse


class ServerlessModel:
    """All namespaces and workgroups; safe for threads."""

    def __init__(self, file: Path, databases: Databases) -> None:
        self._file = file
        self._databases = databases
        self.lock = threading.RLock()
        stored = json.loads(file.read_text()) if file.exists() else {}
        self.namespaces: dict[str, dict[str, Any]] = stored.get("namespaces", {})
        self.workgroups: dict[str, dict[str, Any]] = stored.get("workgroups", {})
        self.creators: dict[str, str] = stored.get("creators", {})
        self.tags: dict[str, dict[str, str]] = stored.get("tags", {})
        self.usage_limits: dict[str, dict[str, Any]] = stored.get("usage_limits", {})
        self._known_databases: set[str] = set()

    def save(self) -> None:
        content = {
            "namespaces": self.namespaces,
            "workgroups": self.workgroups,
            "creators": self.creators,
            "tags": self.tags,
            "usage_limits": self.usage_limits,
        }
        draft = self._file.with_suffix(".tmp")
        draft.write_text(json.dumps(content, indent=1))
        draft.replace(self._file)

    def warehouse_of(self, workgroup: str) -> Warehouse | None:
        """:param workgroup: name or id"""
        with self.lock:
            found = self.workgroups.get(workgroup) or next(
                (item for item in self.workgroups.values() if item["workgroupId"] == workgroup), None
            )
            if found is None:
                return None
            return self.warehouse(self.namespaces[found["namespaceName"]])

    def warehouse(self, namespace: dict[str, Any]) -> Warehouse:
        return Warehouse(
            identifier=namespace["namespaceId"],
            default_database=namespace["dbName"],
            admin_user=namespace.get("adminUsername") or "admin",
            creator_arn=self.creators.get(namespace["namespaceName"], ""),
            iam_roles=tuple(namespace.get("iamRoles") or ()),
            default_iam_role=namespace.get("defaultIamRoleArn"),
        )

    def ensure_database(self, warehouse: Warehouse) -> None:
        """Create a warehouse's first database unless it is there."""
        with self.lock:
            if warehouse.identifier not in self._known_databases:
                if warehouse.default_database not in self._databases.names(warehouse):
                    self._databases.create(warehouse, warehouse.default_database)
                self._known_databases.add(warehouse.identifier)

    def drop_databases(self, warehouse: Warehouse) -> None:
        with self.lock:
            self._known_databases.discard(warehouse.identifier)
            for database in self._databases.names(warehouse):
                self._databases.drop(warehouse, database)


def timestamp() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def new_id() -> str:
    return str(uuid.uuid4())
