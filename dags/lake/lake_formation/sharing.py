"""Sharing with other accounts: the grant, and what AWS RAM says about the resource share that Lake Formation makes.

Source: Lake Formation developer guide, "Cross-account data sharing in Lake Formation"; AWS RAM API reference,
GetResourceShareAssociations.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lake.lake_formation.hook import LakeFormationHook
from lake.lake_formation.resources import OF_TABLE, Kind, Resource, expand, read_resource, write_resource
from lake.lake_formation.state import Rights, add_row
from lake.lake_formation.steps import StepRefusedError, grants

_ORGANIZATION = (
    r"arn:aws[a-z-]*:organizations::[0-9]{12}:(organization/o-[a-z0-9]+|ou/o-[a-z0-9]+/ou-[a-z0-9]+-[a-z0-9]+)"
)
_CONSUMER = re.compile(rf"[0-9]{{12}}|{_ORGANIZATION}")
_TAG_POLICIES = frozenset({Kind.DATABASE_POLICY, Kind.TABLE_POLICY})
_SHARED = OF_TABLE | _TAG_POLICIES | {Kind.DATABASE, Kind.ALL_TABLES}
_FIRST_VERSION_WITH_TAG_SHARES = 3
# Lake Formation's shares begin so: the managed policy AWSLakeFormationCrossAccountManager lets it manage no others.
_SHARE_NAME = "LakeFormation"
_ENDED = frozenset({"DISASSOCIATING", "DISASSOCIATED"})


class Status(StrEnum):
    """Of a share with one consumer; the first that any resource share has is the one that counts."""

    ASSOCIATED = "ASSOCIATED"
    PENDING = "PENDING"
    ASSOCIATING = "ASSOCIATING"
    FAILED = "FAILED"


@dataclass(frozen=True)
class Share:
    """:param resource_share_arn: empty while there is none
    :param detail: what RAM says, for people
    """

    status: Status
    resource_share_arn: str
    detail: str


def grant_share(
    hook: LakeFormationHook,
    catalog_id: str,
    consumer: str,
    resource: Mapping[str, Any],
    permissions: Collection[str],
    grantable: Collection[str] = (),
) -> bool:
    """Grant something to another account or organization, unless it is granted already.

    :param consumer: account id, or ARN of an organization or organizational unit
    :param resource: as the API writes it: database, table, columns, data cells filter or LF-tag policy
    :param grantable: permissions that the consumer may pass on to its own principals
    :return: whether anything was granted
    :raises StepRefusedError: this is not shared by AWS RAM, so there would be nothing to wait for
    :raises ApplyError: Lake Formation refused
    """
    if not _CONSUMER.fullmatch(consumer):
        raise StepRefusedError(
            f"{consumer} is no account id (12 digits) and no ARN of an organization or organizational unit."
        )
    if consumer == catalog_id:
        raise StepRefusedError(f"{consumer} is the account of the catalog itself: grant to its roles and users.")
    wanted = _read_shared(resource)
    if wanted[0].kind in _TAG_POLICIES:
        _require_tag_shares(hook, catalog_id)
    asked = Rights(
        expand({*permissions, *grantable}, wanted[0].kind),
        expand(grantable, wanted[0].kind),
    )
    held = _held(hook, catalog_id, consumer, wanted[0])
    if all(_covers(held.get(part), asked) for part in wanted):
        return False
    grants(hook, [consumer], resource, {*permissions, *grantable}, grantable=grantable)
    return True


def shared_arn(resource: Mapping[str, Any], catalog_arn: str) -> str | None:
    """What RAM calls the thing that a grant on a resource shares.

    :param catalog_arn: ``arn:aws:glue:<Region>:<account>:catalog``
    :return: ARN of the table or database; None for an LF-tag policy, which has no resource of its own
    """
    first = _read_shared(resource)[0]
    if first.kind in _TAG_POLICIES:
        return None
    prefix = catalog_arn.removesuffix("catalog")
    if first.kind in OF_TABLE:
        return f"{prefix}table/{first.database}/{first.table}"
    return f"{prefix}database/{first.database}"


def read_share(ram: Any, consumer: str, arn: str | None) -> Share:
    """What RAM says now.

    :param ram: boto3 client ``ram``
    :param arn: what is shared; None: all that the consumer's resource shares hold must be associated
    """
    found = [
        _combined(to_consumer, of_resource)
        for to_consumer in _associations(ram, "PRINCIPAL", principal=consumer)
        for of_resource in _resource_associations(ram, to_consumer["resourceShareArn"], arn)
    ]
    order = list(Status)
    if not found:
        return Share(Status.ASSOCIATING, "", f"AWS RAM has no resource share with {consumer} for {arn or 'it'} yet")
    # With a tag policy everything must be there; of several shares of one named resource a single one is enough.
    choose = min if arn else max
    return choose(found, key=lambda share: order.index(share.status))


def _read_shared(resource: Mapping[str, Any]) -> tuple[Resource, ...]:
    found = read_resource(resource)
    if not found or found[0].kind not in _SHARED:
        raise StepRefusedError(
            f"AWS RAM shares databases, tables, their columns, data cells filters and LF-tag policies; {resource} is "
            "granted with LakeFormationGrantOperator, if at all."
        )
    return found


def _require_tag_shares(hook: LakeFormationHook, catalog_id: str) -> None:
    settings = hook.call("get_data_lake_settings", CatalogId=catalog_id)["DataLakeSettings"]
    version = int(settings.get("Parameters", {}).get("CROSS_ACCOUNT_VERSION", "1"))
    if version < _FIRST_VERSION_WITH_TAG_SHARES:
        raise StepRefusedError(
            f"AWS RAM shares LF-tag policies since version {_FIRST_VERSION_WITH_TAG_SHARES} of the cross account "
            f"settings; {catalog_id} has version {version}. Raise CROSS_ACCOUNT_VERSION in its data lake settings."
        )


def _held(hook: LakeFormationHook, catalog_id: str, consumer: str, wanted: Resource) -> dict[Resource, Rights]:
    of_table = wanted.kind in OF_TABLE
    listed = Resource(Kind.TABLE, wanted.database, wanted.table) if of_table else wanted
    # Only so does the list of a table hold the grants on its data cells filters.
    related = {"IncludeRelated": "TRUE"} if wanted.kind is Kind.FILTER else {}
    held: dict[tuple[str, Resource], Rights] = {}
    asked = write_resource((listed,), catalog_id)
    for row in hook.pages("list_permissions", "PrincipalResourcePermissions", Resource=asked, **related):
        for part in read_resource(row["Resource"]):
            add_row(held, row, part)
    return {part: rights for (principal, part), rights in held.items() if principal == consumer}


def _covers(held: Rights | None, asked: Rights) -> bool:
    return held is not None and asked.permissions <= held.permissions and asked.grantable <= held.grantable


def _resource_associations(ram: Any, share_arn: str, arn: str | None) -> Iterator[Mapping[str, Any]]:
    which = {"resourceArn": arn} if arn else {}
    return _associations(ram, "RESOURCE", resourceShareArns=[share_arn], **which)


def _associations(ram: Any, kind: str, **which: Any) -> Iterator[Mapping[str, Any]]:
    """Associations of Lake Formation's shares that have not ended."""
    pages = ram.get_paginator("get_resource_share_associations").paginate(associationType=kind, **which)
    for page in pages:
        for association in page["resourceShareAssociations"]:
            if association["resourceShareName"].startswith(_SHARE_NAME) and association["status"] not in _ENDED:
                yield association


def _combined(to_consumer: Mapping[str, Any], of_resource: Mapping[str, Any]) -> Share:
    both = (to_consumer, of_resource)
    statuses = [association["status"] for association in both]
    if "FAILED" in statuses:
        status = Status.FAILED
    elif statuses == ["ASSOCIATED", "ASSOCIATED"]:
        status = Status.ASSOCIATED
    elif to_consumer.get("external") and statuses == ["ASSOCIATING", "ASSOCIATED"]:
        # Outside of the organization nothing but the consumer's acceptance is missing now.
        status = Status.PENDING
    else:
        status = Status.ASSOCIATING
    said = [
        f"{association['associatedEntity']} {association['status']}"
        + (f" ({association['statusMessage']})" if association.get("statusMessage") else "")
        for association in both
    ]
    return Share(status, to_consumer["resourceShareArn"], f"{to_consumer['resourceShareName']}: {', '.join(said)}")
