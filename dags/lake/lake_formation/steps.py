"""Single things to bring about in Lake Formation, each only if it is not so already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from lake.lake_formation.hook import LakeFormationHook
from lake.lake_formation.plan import Change, Step

ADMINISTRATORS = ("DataLakeAdmins", "ReadOnlyAdmins")
_DEFAULTS = ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions")
_SERVICE_LINKED = "aws-service-role/lakeformation.amazonaws.com"


class StepRefusedError(ValueError):
    """What is asked for cannot be brought about, or would take away more than was said."""


def settings(
    hook: LakeFormationHook,
    catalog_id: str,
    *,
    admins: Collection[str],
    read_only_admins: Collection[str] = (),
    close_new_objects: bool = False,
    mode: str = "merge",
) -> bool:
    """Name administrators, and close new databases and tables to IAM_ALLOWED_PRINCIPALS.

    PutDataLakeSettings replaces everything, so the live settings are read and written back with the difference.

    :param admins: ARNs of data lake administrators
    :param read_only_admins: ARNs of read-only administrators
    :param mode: ``merge`` keeps administrators who are not named, ``replace`` does not
    :return: whether anything was written
    """
    if mode == "replace" and not admins:
        raise StepRefusedError("Without any administrator nobody could ever grant anything again.")
    live: dict[str, Any] = hook.call("get_data_lake_settings", CatalogId=catalog_id)["DataLakeSettings"]
    wanted = dict(live)
    for field, named in zip(ADMINISTRATORS, (admins, read_only_admins), strict=True):
        kept = [entry["DataLakePrincipalIdentifier"] for entry in live.get(field, [])] if mode == "merge" else []
        wanted[field] = [{"DataLakePrincipalIdentifier": arn} for arn in dict.fromkeys([*kept, *sorted(named)])]
    if close_new_objects:
        wanted |= {field: [] for field in _DEFAULTS}
    if wanted == live:
        return False
    hook.call("put_data_lake_settings", CatalogId=catalog_id, DataLakeSettings=wanted)
    return True


def location(
    hook: LakeFormationHook,
    arn: str,
    *,
    role_arn: str | None = None,
    hybrid_access: bool = False,
    if_exists: str = "update",
) -> str:
    """Register a location.

    :param arn: ARN of a bucket or prefix
    :param role_arn: role that lends its rights; None for the service-linked role, which rules out later changes
    :param hybrid_access: IAM goes on deciding for everybody who has not opted in
    :param if_exists: ``update``, ``skip`` or ``fail``
    :return: ``registered``, ``updated`` or ``unchanged``
    :raises StepRefusedError: it is registered otherwise and cannot be, or must not be, changed
    """
    live = next((e for e in hook.pages("list_resources", "ResourceInfoList") if e["ResourceArn"] == arn), None)
    if live is None:
        who: dict[str, Any] = {"RoleArn": role_arn} if role_arn else {"UseServiceLinkedRole": True}
        hook.call("register_resource", ResourceArn=arn, HybridAccessEnabled=hybrid_access, **who)
        return "registered"
    linked = _SERVICE_LINKED in live.get("RoleArn", "")
    same_role = linked if role_arn is None else live.get("RoleArn") == role_arn
    as_asked = same_role and bool(live.get("HybridAccessEnabled")) == hybrid_access
    if as_asked or if_exists == "skip":
        return "unchanged"
    if if_exists == "fail":
        raise StepRefusedError(f"{arn} is registered already, with {live.get('RoleArn')}.")
    if linked or role_arn is None:
        raise StepRefusedError(
            f"{arn} cannot be changed: a registration with the service-linked role is final. Deregister it first."
        )
    hook.call("update_resource", ResourceArn=arn, RoleArn=role_arn, HybridAccessEnabled=hybrid_access)
    return "updated"


def tag(hook: LakeFormationHook, catalog_id: str, key: str, values: Collection[str]) -> bool:
    """Make an LF-tag, or add values to it. CreateLFTag has no code for a key that exists, so the list decides.

    :return: whether anything was written
    """
    wanted = {value.lower() for value in values}
    known = {entry["TagKey"]: set(entry["TagValues"]) for entry in hook.pages("list_lf_tags", "LFTags")}
    key = key.lower()
    if key not in known:
        hook.call("create_lf_tag", CatalogId=catalog_id, TagKey=key, TagValues=sorted(wanted))
    elif wanted - known[key]:
        hook.call("update_lf_tag", CatalogId=catalog_id, TagKey=key, TagValuesToAdd=sorted(wanted - known[key]))
    return key not in known or bool(wanted - known[key])


def attach_tags(hook: LakeFormationHook, catalog_id: str, resource: Mapping[str, Any], tags: Mapping[str, str]) -> None:
    """Attach LF-tags to a database, table or columns; another value of a key is replaced.

    :param resource: as the API writes it
    :raises ApplyError: a tag or value does not exist, or may not be attached
    """
    attached = [{"CatalogId": catalog_id, "TagKey": key, "TagValues": [value]} for key, value in sorted(tags.items())]
    parameters = {"CatalogId": catalog_id, "Resource": dict(resource), "LFTags": attached}
    text = ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))
    hook.apply([Change(Step.ATTACH_TAG, "", str(resource), text, False, "add_lf_tags_to_resource", parameters)])


def grants(
    hook: LakeFormationHook,
    principals: Iterable[str],
    resource: Mapping[str, Any],
    permissions: Collection[str],
    *,
    grantable: Collection[str] = (),
    revoke: bool = False,
) -> int:
    """Give or take the same rights to or from several principals, in batches. Again, it changes nothing.

    :param principals: ARNs
    :param resource: as the API writes it
    :param grantable: permissions that may be passed on
    :return: API calls that took
    :raises ApplyError: naming each principal that was refused
    """
    step, operation = (Step.REVOKE, "batch_revoke_permissions") if revoke else (Step.GRANT, "batch_grant_permissions")
    changes = [
        Change(
            step,
            principal,
            str(resource),
            ", ".join(sorted(permissions)),
            revoke,
            operation,
            {
                "Principal": {"DataLakePrincipalIdentifier": principal},
                "Resource": dict(resource),
                "Permissions": sorted(permissions),
                "PermissionsWithGrantOption": sorted(grantable),
            },
        )
        for principal in principals
    ]
    return hook.apply(changes).calls


def data_cells_filter(hook: LakeFormationHook, wanted: Mapping[str, Any]) -> str:
    """Make a data cells filter, or change it.

    :param wanted: ``TableData`` of CreateDataCellsFilter
    :return: ``created``, ``updated`` or ``unchanged``
    """
    names = ("TableCatalogId", "DatabaseName", "TableName", "Name")
    table = {"CatalogId": wanted["TableCatalogId"], "DatabaseName": wanted["DatabaseName"], "Name": wanted["TableName"]}
    for live in hook.pages("list_data_cells_filter", "DataCellsFilters", Table=table):
        if all(live[name] == wanted[name] for name in names):
            if _comparable(live) == _comparable(wanted):
                return "unchanged"
            hook.call("update_data_cells_filter", TableData=dict(wanted))
            return "updated"
    hook.call("create_data_cells_filter", TableData=dict(wanted))
    return "created"


def _comparable(cells: Mapping[str, Any]) -> tuple[Any, ...]:
    excluded = (cells.get("ColumnWildcard") or {}).get("ExcludedColumnNames") or []
    expression = (cells.get("RowFilter") or {}).get("FilterExpression")
    return expression, sorted(map(str.lower, cells.get("ColumnNames") or [])), sorted(map(str.lower, excluded))


def opt_in(hook: LakeFormationHook, principal: str, resource: Mapping[str, Any], *, present: bool = True) -> bool:
    """Let Lake Formation decide for a principal on something in a location with hybrid access, or stop that.

    :param principal: ARN
    :param resource: as the API writes it
    :param present: False takes the opt-in back
    :return: whether anything was written
    """
    who = {"DataLakePrincipalIdentifier": principal}
    asked = {"Principal": who, "Resource": dict(resource)}
    found = any(True for _ in hook.pages("list_lake_formation_opt_ins", "LakeFormationOptInsInfoList", **asked))
    if found == present:
        return False
    hook.call("create_lake_formation_opt_in" if present else "delete_lake_formation_opt_in", **asked)
    return True
