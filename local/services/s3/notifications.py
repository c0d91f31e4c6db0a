"""Event notifications: an object that was written becomes S3's message in a queue or topic.

SeaweedFS' audit log names each request; it does not tell a part of an upload from an object, nor the start of an upload
from its end. The object itself does: one that is not as new as the request was not written by it. As on AWS a message
may come twice. Only objects that match a notification are looked at.

Format of the message: S3 user guide, "Event message structure", version 2.1.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from botocore.exceptions import BotoCoreError, ClientError

from local.clients import service_client
from local.persistence import persist
from local.settings import LocalSettings

log = logging.getLogger(__name__)

_PUT, _UPLOAD = "s3:ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload"
_OPERATIONS = {"REST.PUT.OBJECT": _PUT, "REST.POST.OBJECT": _UPLOAD}
# What a notification may ask for here; a copy is told as a put.
SENT_EVENTS = frozenset({"s3:ObjectCreated:*", _PUT, _UPLOAD})
# The audit log and object times have whole seconds.
_AS_NEW_SECONDS = 1


class Notifier:
    """Sends the messages that the buckets' settings ask for."""

    def __init__(self, settings: LocalSettings) -> None:
        """Remember where S3 is.

        :param settings: of the local AWS.
        """
        self._settings = settings
        self._client: Any = None

    def request_ended(self, entry: Mapping[str, Any]) -> None:
        """Send what a request to S3 gives rise to. A failure is logged: the writer is long gone, as on AWS.

        :param entry: one line of SeaweedFS' audit log.
        """
        event = _OPERATIONS.get(str(entry.get("operation")))
        key = str(entry.get("key") or "").lstrip("/")
        if event is None or not key or entry.get("status") != 200:
            return
        try:
            self._send(str(entry.get("bucket")), key, event, entry)
        except (BotoCoreError, ClientError):
            log.exception("notification about s3://%s/%s", entry.get("bucket"), key)

    def _send(self, bucket_name: str, key: str, event: str, entry: Mapping[str, Any]) -> None:
        bucket = self._bucket(bucket_name)
        configuration = getattr(bucket, "notification_configuration", None)
        if configuration is None:
            return
        wanted = [item for item in (*configuration.queue, *configuration.topic) if item.matches(event, key)]
        found = self._written(bucket_name, key, entry) if wanted else None
        if found is None:
            return
        for item in wanted:
            self._deliver(
                item.arn, json.dumps({"Records": [self._record(bucket_name, key, event, found, entry, item.id)]})
            )

    def _bucket(self, name: str) -> Any:
        from moto.s3.models import s3_backends

        return s3_backends[self._settings.account_id]["aws"].buckets.get(name)

    def _written(self, bucket: str, key: str, entry: Mapping[str, Any]) -> dict[str, Any] | None:
        """The object, if the request wrote it."""
        if self._client is None:
            self._client = service_client("s3", self._settings)
        try:
            found: dict[str, Any] = self._client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
                return None
            raise
        is_new = found["LastModified"].timestamp() >= int(entry["time"]) - _AS_NEW_SECONDS
        return found if is_new else None

    def _deliver(self, arn: str, message: str) -> None:
        service, region, account, name = (arn.split(":")[part] for part in (2, 3, 4, 5))
        if service == "sqs":
            from moto.sqs.models import sqs_backends

            queue = sqs_backends[account][region].queues.get(name)
            if queue is None:
                log.warning("%s is gone, so nobody is told of an object", arn)
                return
            sqs_backends[account][region].send_message(name, message)
        else:
            from moto.sns.models import sns_backends

            sns_backends[account][region].publish(message=message, arn=arn, subject="Amazon S3 Notification")
            persist("sns")
        # A topic's subscriber may be a queue.
        persist("sqs")

    def _record(
        self, bucket: str, key: str, event: str, found: Mapping[str, Any], entry: Mapping[str, Any], rule: str
    ) -> dict[str, Any]:
        who = {"principalId": f"AWS:{entry.get('requester')}"}
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        written = {"key": quote_plus(key, safe="/"), "size": found["ContentLength"], "eTag": found["ETag"].strip('"')}
        if "VersionId" in found:
            written["versionId"] = found["VersionId"]
        return {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": self._settings.region,
            "eventTime": moment,
            "eventName": event.removeprefix("s3:"),
            "userIdentity": who,
            "requestParameters": {"sourceIPAddress": entry.get("remote_ip")},
            "responseElements": {"x-amz-request-id": entry.get("request_id")},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": rule,
                "bucket": {"name": bucket, "ownerIdentity": who, "arn": f"arn:aws:s3:::{bucket}"},
                "object": written | {"sequencer": str(entry.get("request_id"))},
            },
        }
