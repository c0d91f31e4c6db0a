"""KMS' state: moto's, for symmetric keys only, with the checks of key policies that moto lacks."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from moto.kms.models import Key, KmsBackend

from local.errors import AwsError
from local.services.kms.key_policy import check_key_policy

_SYMMETRIC = "SYMMETRIC_DEFAULT"


class LocalKmsBackend(KmsBackend):
    """One account's keys in one region."""

    @property
    def _url_module(self) -> ModuleType:
        from moto.kms import urls

        return urls

    def create_key(
        self,
        policy: str | None,
        key_usage: str,
        key_spec: str,
        description: str,
        tags: list[dict[str, str]] | None,
        multi_region: bool = False,
        origin: str = "AWS_KMS",
    ) -> Key:
        """:raises AwsError: another kind of key than a symmetric one of this region, or a wrong policy."""
        other = (key_spec or _SYMMETRIC) != _SYMMETRIC or (key_usage or "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT"
        if other or multi_region or origin != "AWS_KMS":
            raise AwsError(
                "UnsupportedOperationException", "The local AWS has symmetric encryption keys of one region only."
            )
        if policy:
            check_key_policy(policy, self.account_id)
        key = super().create_key(policy, key_usage, key_spec, description, tags, multi_region, origin)
        # moto makes a private key for every kind of key. A symmetric one has none, and this one could not be stored.
        unused: Any = None
        key.private_key = unused
        return key

    def put_key_policy(self, key_id: str, policy: str) -> None:
        """:raises AwsError: a wrong policy."""
        check_key_policy(policy, self.account_id)
        super().put_key_policy(key_id, policy)
