"""Clients with which the resource handlers reach the other services of the local AWS."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config

from local.clients import service_client
from local.identity import LOCAL_ADMIN, access_key_for, secret_key_for
from local.settings import LocalSettings


class LocalServices:
    """Clients of the deployer, made once: a boto3 client costs far more than a call."""

    def __init__(self, settings: LocalSettings) -> None:
        """Remember where the services are.

        :param settings: of the local AWS.
        """
        self._settings = settings
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self.account_id = settings.account_id
        self.region = settings.region

    def client(self, service: str) -> Any:
        """A client whose requests go where the DAGs' requests go.

        :param service: boto3 name of the service.
        """
        with self._lock:
            if service not in self._clients:
                self._clients[service] = service_client(service, self._settings)
            return self._clients[service]

    def s3_as(self, principal: str) -> Any:
        """An S3 client that signs as somebody else than the deployer.

        :param principal: name of a role, or ``local-admin``.
        """
        with self._lock:
            name = f"s3 as {principal}"
            if name not in self._clients:
                self._clients[name] = service_client("s3", self._settings, principal)
            return self._clients[name]

    def bucket_control(self) -> Any:
        """An S3 client of the control plane, for bucket settings that the object store cannot keep."""
        with self._lock:
            if "bucket control" not in self._clients:
                self._clients["bucket control"] = boto3.session.Session(
                    aws_access_key_id=access_key_for(LOCAL_ADMIN),
                    aws_secret_access_key=secret_key_for(LOCAL_ADMIN),
                    region_name=self.region,
                ).client(
                    "s3",
                    endpoint_url=self._settings.endpoint_url,
                    config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}),
                )
            return self._clients["bucket control"]

    def availability_zones(self) -> list[str]:
        """Names of the region's availability zones, as EC2 says."""
        found = self.client("ec2").describe_availability_zones()["AvailabilityZones"]
        return sorted(zone["ZoneName"] for zone in found)
