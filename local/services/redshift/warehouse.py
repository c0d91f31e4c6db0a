"""What a statement runs against: a serverless namespace or a provisioned cluster."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Warehouse:
    """:param identifier: stable id; its databases carry it in their names, so that two warehouses share none.
    :param admin_user: database user that the caller named as administrator.
    :param creator_arn: IAM principal that made the warehouse: superuser in it.
    :param iam_roles: ARNs that COPY, UNLOAD and external schemas may use.
    :param default_iam_role: ARN behind ``IAM_ROLE default``.
    """

    identifier: str
    default_database: str
    admin_user: str
    creator_arn: str
    iam_roles: tuple[str, ...] = field(default=())
    default_iam_role: str | None = None

    def physical_database(self, database: str) -> str:
        return f"{hashlib.sha256(self.identifier.encode()).hexdigest()[:8]}/{database}"


@dataclass(frozen=True)
class DatabaseUser:
    """:param roles: database roles that the IAM principal's tag RedshiftDbRoles names."""

    name: str
    superuser: bool = False
    roles: tuple[str, ...] = ()
    must_exist: bool = False
