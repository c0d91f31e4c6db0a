"""Lake Formation settings, registered locations and permissions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.shapes import (
    BOOLEAN,
    JSON,
    STRING,
    STRING_MAP,
    STRINGS,
    ListOf,
    Structure,
    structure,
)
from local.services.cloudformation.state import ResourceRecord

_PRINCIPAL = structure("DataLakePrincipalIdentifier", DataLakePrincipalIdentifier=STRING)
_DEFAULT_PERMISSIONS = ListOf(structure(Principal=_PRINCIPAL, Permissions=STRINGS))


class DataLakeSettings(ResourceType):
    """AWS::LakeFormation::DataLakeSettings, of which an account has one."""

    type_name = "AWS::LakeFormation::DataLakeSettings"
    shape: ClassVar[Structure] = structure(
        Admins=ListOf(_PRINCIPAL),
        CreateDatabaseDefaultPermissions=_DEFAULT_PERMISSIONS,
        CreateTableDefaultPermissions=_DEFAULT_PERMISSIONS,
        MutationType=STRING,
        Parameters=STRING_MAP,
    )

    def create(self, order: Order) -> Made:
        if order.properties.get("MutationType", "REPLACE") != "REPLACE":
            raise ResourceError("The local AWS applies data lake settings with MutationType REPLACE only.")
        properties = order.properties
        settings = {
            "DataLakeAdmins": properties.get("Admins", []),
            "CreateDatabaseDefaultPermissions": properties.get("CreateDatabaseDefaultPermissions", []),
            "CreateTableDefaultPermissions": properties.get("CreateTableDefaultPermissions", []),
        }
        if "Parameters" in properties:
            settings["Parameters"] = properties["Parameters"]
        order.services.client("lakeformation").put_data_lake_settings(DataLakeSettings=settings)
        return Made(order.services.account_id)

    def update(self, order: Order, current: ResourceRecord) -> Made:
        return self.create(order)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        lakeformation = services.client("lakeformation")
        settings = lakeformation.get_data_lake_settings()["DataLakeSettings"]
        ours = current.properties.get("Admins", [])
        settings["DataLakeAdmins"] = [admin for admin in settings.get("DataLakeAdmins", []) if admin not in ours]
        lakeformation.put_data_lake_settings(DataLakeSettings=settings)


class RegisteredResource(ResourceType):
    """AWS::LakeFormation::Resource: a location that Lake Formation governs."""

    type_name = "AWS::LakeFormation::Resource"
    replaced_by = frozenset({"ResourceArn"})
    shape: ClassVar[Structure] = structure(
        "ResourceArn UseServiceLinkedRole",
        ResourceArn=STRING,
        RoleArn=STRING,
        UseServiceLinkedRole=BOOLEAN,
        HybridAccessEnabled=BOOLEAN,
        WithFederation=BOOLEAN,
    )

    def create(self, order: Order) -> Made:
        order.services.client("lakeformation").register_resource(**_without_empty_role(order.properties))
        return Made(order.properties["ResourceArn"])

    def update(self, order: Order, current: ResourceRecord) -> Made:
        wanted = order.properties
        if "RoleArn" not in wanted or wanted["UseServiceLinkedRole"] != current.properties.get("UseServiceLinkedRole"):
            raise ResourceError(
                f"Lake Formation cannot change how {current.physical_id} is accessed between a role and its "
                "service-linked role: remove the location from the template, update, and add it again."
            )
        changed = {key: value for key, value in wanted.items() if key != "UseServiceLinkedRole"}
        order.services.client("lakeformation").update_resource(**changed)
        return Made(current.physical_id)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        lakeformation = services.client("lakeformation")
        try:
            lakeformation.deregister_resource(ResourceArn=current.physical_id)
        except lakeformation.exceptions.EntityNotFoundException:
            return


def _without_empty_role(properties: Mapping[str, Any]) -> dict[str, Any]:
    if "RoleArn" not in properties and not properties["UseServiceLinkedRole"]:
        raise ResourceError(f"{properties['ResourceArn']}: RoleArn is needed when UseServiceLinkedRole is false")
    return dict(properties)


class PrincipalPermissions(ResourceType):
    """AWS::LakeFormation::PrincipalPermissions: a grant; every change is a revoke and a new grant."""

    type_name = "AWS::LakeFormation::PrincipalPermissions"
    attributes = frozenset({"PrincipalIdentifier", "ResourceIdentifier"})
    replaced_by = frozenset({"Catalog", "Permissions", "PermissionsWithGrantOption", "Principal", "Resource"})
    shape: ClassVar[Structure] = structure(
        "Permissions PermissionsWithGrantOption Principal Resource",
        Catalog=STRING,
        Permissions=STRINGS,
        PermissionsWithGrantOption=STRINGS,
        Principal=_PRINCIPAL,
        Resource=structure(
            Catalog=JSON,
            Database=structure("CatalogId Name", CatalogId=STRING, Name=STRING),
            DataLocation=structure("CatalogId ResourceArn", CatalogId=STRING, ResourceArn=STRING),
            Table=structure(
                "CatalogId DatabaseName", CatalogId=STRING, DatabaseName=STRING, Name=STRING, TableWildcard=JSON
            ),
        ),
    )

    def create(self, order: Order) -> Made:
        wanted = order.properties
        order.services.client("lakeformation").grant_permissions(**_grant(wanted))
        principal = wanted["Principal"]["DataLakePrincipalIdentifier"]
        resource = json.dumps(wanted["Resource"], sort_keys=True)
        return Made(f"{principal}|{resource}", {"PrincipalIdentifier": principal, "ResourceIdentifier": resource})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        return self.create(order)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        services.client("lakeformation").revoke_permissions(**_grant(current.properties))


def _grant(properties: Mapping[str, Any]) -> dict[str, Any]:
    arguments = {key: properties[key] for key in ("Principal", "Resource", "Permissions", "PermissionsWithGrantOption")}
    if "Catalog" in properties:
        arguments["CatalogId"] = properties["Catalog"]
    return arguments
