"""Rules of workgroups (API reference, WorkGroupConfiguration)."""

from __future__ import annotations

from typing import Any

from moto.athena.models import WorkGroup

from local.errors import AwsError

PRIMARY = "primary"

# Athena's smallest limit (API reference).
_MIN_CUTOFF_BYTES = 10_000_000
_REMOVALS = {
    "RemoveBytesScannedCutoffPerQuery": "BytesScannedCutoffPerQuery",
    "RemoveCustomerContentEncryptionConfiguration": "CustomerContentEncryptionConfiguration",
}
_RESULT_REMOVALS = {
    "RemoveOutputLocation": "OutputLocation",
    "RemoveEncryptionConfiguration": "EncryptionConfiguration",
    "RemoveExpectedBucketOwner": "ExpectedBucketOwner",
    "RemoveAclConfiguration": "AclConfiguration",
}


def invalid_request(message: str) -> AwsError:
    return AwsError("InvalidRequestException", message, 400)


def check_configuration(configuration: dict[str, Any]) -> None:
    """:raises AwsError: InvalidRequestException."""
    cutoff = configuration.get("BytesScannedCutoffPerQuery")
    if cutoff is not None and int(cutoff) < _MIN_CUTOFF_BYTES:
        raise invalid_request(f"BytesScannedCutoffPerQuery must be at least {_MIN_CUTOFF_BYTES} bytes, not {cutoff}")
    location = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
    if location and not location.startswith("s3://"):
        raise invalid_request(f"outputLocation is not a valid S3 path: {location}")


def updated_configuration(current: dict[str, Any], updates: dict[str, Any]) -> dict[str, Any]:
    """The configuration after ``ConfigurationUpdates``.

    :raises AwsError: InvalidRequestException.
    """
    changed = dict(current)
    for flag, name in _REMOVALS.items():
        if updates.get(flag):
            changed.pop(name, None)
    results = dict(changed.get("ResultConfiguration") or {})
    result_updates = updates.get("ResultConfigurationUpdates") or {}
    for flag, name in _RESULT_REMOVALS.items():
        if result_updates.get(flag):
            results.pop(name, None)
    results |= {name: value for name, value in result_updates.items() if not name.startswith("Remove")}
    changed["ResultConfiguration"] = results
    skipped = {"ResultConfigurationUpdates", *_REMOVALS}
    changed |= {name: value for name, value in updates.items() if name not in skipped}
    check_configuration(changed)
    return changed


def output_folder(workgroup: WorkGroup, requested: dict[str, Any]) -> tuple[str, bool]:
    """Where results go, and whether the workgroup decides that.

    :param requested: the request's ResultConfiguration.
    :raises AwsError: neither says where.
    """
    configured = (workgroup.configuration.get("ResultConfiguration") or {}).get("OutputLocation")
    enforced = bool(workgroup.configuration.get("EnforceWorkGroupConfiguration")) and bool(configured)
    location = configured if enforced else requested.get("OutputLocation") or configured
    if not location:
        raise invalid_request(
            "No output location provided. An output location is required either through the "
            "Workgroup result configuration "
            "setting or as an API input."
        )
    if not location.startswith("s3://"):
        raise invalid_request(f"outputLocation is not a valid S3 path: {location}")
    return location.rstrip("/") + "/", enforced
