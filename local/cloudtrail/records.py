"""One call as CloudTrail writes it down (CloudTrail user guide, "CloudTrail record contents for management events")."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

EVENT_VERSION = "1.11"
_READS = ("Get", "List", "Describe", "BatchGet", "Search")


@dataclass(frozen=True)
class Call:
    """A call of an AWS API.

    :param role: full name of the role that called
    :param source: ``glue.amazonaws.com``
    :param name: ``GetTable``
    :param at: when, UTC
    :param parameters: ``requestParameters``
    :param error: error code, empty if it was allowed
    :param message: error message
    :param via: service that called for the role, empty for the role itself
    :param agent: user agent
    :param extra: ``additionalEventData``
    """

    role: str
    source: str
    name: str
    at: datetime
    parameters: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    message: str = ""
    via: str = ""
    agent: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def record(call: Call, account_id: str, region: str, number: int) -> dict[str, Any]:
    """The record of a call.

    :param number: tells calls of one moment apart
    """
    moment = call.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    identity = hashlib.sha256(f"{call.role} {call.name} {call.at.isoformat()} {number}".encode()).hexdigest()
    entry: dict[str, Any] = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": _identity(call, account_id, moment),
        "eventTime": moment,
        "eventSource": call.source,
        "eventName": call.name,
        "awsRegion": region,
        "sourceIPAddress": call.via or "127.0.0.1",
        "userAgent": call.via or call.agent or "unknown",
        "requestParameters": dict(call.parameters) or None,
        "responseElements": None,
        "requestID": _uuid(identity),
        "eventID": _uuid(identity[::-1]),
        "readOnly": call.name.startswith(_READS),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account_id,
        "eventCategory": "Management",
    }
    if call.error:
        entry |= {"errorCode": call.error, "errorMessage": call.message}
    if call.extra:
        entry["additionalEventData"] = dict(call.extra)
    return entry


def _identity(call: Call, account_id: str, moment: str) -> dict[str, Any]:
    unique = "AROA" + hashlib.sha256(call.role.encode()).hexdigest()[:17].upper()
    identity: dict[str, Any] = {
        "type": "AssumedRole",
        "principalId": f"{unique}:local",
        "arn": f"arn:aws:sts::{account_id}:assumed-role/{call.role}/local",
        "accountId": account_id,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": unique,
                "arn": f"arn:aws:iam::{account_id}:role/{call.role}",
                "accountId": account_id,
                "userName": call.role,
            },
            "attributes": {"creationDate": moment, "mfaAuthenticated": "false"},
        },
    }
    return {**identity, "invokedBy": call.via} if call.via else identity


def _uuid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
