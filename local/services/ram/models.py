"""Resource shares, read off Lake Formation's grants: a share is there as long as a grant needs it.

One share for each consumer, whose resources come and go with the grants, as since version 2 of the settings
("Updating cross-account data sharing version settings" in the developer guide).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.core.base_backend import BaseBackend

from local.services.lakeformation import access
from local.services.lakeformation.other_accounts import is_other_account, shared_arns, version_of
from local.services.ram.consumers import Consumers

Answer = dict[str, Any]


@dataclass(frozen=True)
class ResourceShare:
    """:param principal: account id, or ARN of an organization or organizational unit.
    :param resources: when each shared ARN was last granted, seconds since the epoch.
    """

    arn: str
    name: str
    owner: str
    principal: str
    resources: dict[str, float]

    @property
    def outside(self) -> bool:
        """Whether the consumer is in no organization with this account: it must accept an invitation."""
        return self.principal.isdigit()

    def as_dict(self) -> Answer:
        """As GetResourceShares answers it."""
        return {
            "resourceShareArn": self.arn,
            "name": self.name,
            "owningAccountId": self.owner,
            "allowExternalPrincipals": True,
            "status": "ACTIVE",
            "creationTime": min(self.resources.values()),
            "lastUpdatedTime": max(self.resources.values()),
            "featureSet": "STANDARD",
        }


class ResourceAccessManagerBackend(BaseBackend):
    """Keeps nothing of its own."""

    consumers: Consumers

    @property
    def _url_module(self) -> Any:
        from local.services.ram import urls

        return urls

    def resource_shares(self) -> Iterator[ResourceShare]:
        """All shares, by their consumers."""
        state = access.current().state
        catalog_arn = f"arn:aws:glue:{self.region_name}:{self.account_id}:catalog"
        for principal in sorted(state.grants):
            if not is_other_account(principal, self.account_id):
                continue
            granted = shared_arns(state, principal, catalog_arn)
            if granted:
                # Neither name nor ARN may change while the share lives, and nothing is stored.
                identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{self.account_id}/{principal}")
                yield ResourceShare(
                    f"arn:aws:ram:{self.region_name}:{self.account_id}:resource-share/{identity}",
                    f"LakeFormation-V{version_of(state)}-{identity.hex[:10].upper()}",
                    self.account_id,
                    principal,
                    {arn: grant.updated for arn, grant in sorted(granted.items())},
                )

    def principal_association(self, share: ResourceShare) -> Answer:
        """The association of a share with its consumer."""
        failed = self.consumers.failure_of(share.principal)
        waiting = share.outside and not self.consumers.have_accepted(share.principal)
        status = "FAILED" if failed is not None else "ASSOCIATING" if waiting else "ASSOCIATED"
        message = {} if failed is None else {"statusMessage": failed}
        return {**_association(share, share.principal, "PRINCIPAL", status, share.outside), **message}

    def resource_associations(self, share: ResourceShare) -> list[Answer]:
        """The associations of a share with what it shares."""
        return [_association(share, arn, "RESOURCE", "ASSOCIATED", external=False) for arn in share.resources]


def _association(share: ResourceShare, entity: str, kind: str, status: str, external: bool) -> Answer:
    times = [share.resources[entity]] if entity in share.resources else list(share.resources.values())
    return {
        "resourceShareArn": share.arn,
        "resourceShareName": share.name,
        "associatedEntity": entity,
        "associationType": kind,
        "status": status,
        "creationTime": min(times),
        "lastUpdatedTime": max(times),
        "external": external,
    }
