"""What the deployment engine knows of a resource type."""

from __future__ import annotations

import secrets
import string
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from local.services.cloudformation.shapes import Structure
from local.services.cloudformation.state import ResourceRecord


class Services(Protocol):
    """Clients of the services that the resources live in."""

    account_id: str
    region: str

    def client(self, service: str) -> Any:
        """A client whose requests go where the DAGs' requests go.

        :param service: boto3 name of the service.
        """

    def bucket_control(self) -> Any:
        """An S3 client of the control plane, for bucket settings that the object store cannot keep."""

    def availability_zones(self) -> list[str]:
        """Names of the region's availability zones."""


@dataclass(frozen=True)
class Made:
    """A resource that exists.

    :ivar physical_id: what `Ref` gives.
    :ivar attributes: what `Fn::GetAtt` gives.
    """

    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """What the engine asks a handler to make.

    :ivar properties: resolved properties, with the types of the handler's shape.
    """

    services: Services
    stack_name: str
    logical_id: str
    properties: Mapping[str, Any]

    def name(self, property_name: str, longest: int = 64) -> str:
        """The name the template gives, or a generated one: stack, logical id and twelve random characters.

        :param property_name: the property that holds the name.
        :param longest: most characters the service takes.
        """
        if property_name in self.properties:
            return str(self.properties[property_name])
        alphabet = string.ascii_lowercase + string.digits
        suffix = "".join(secrets.choice(alphabet) for _ in range(12))
        return f"{f'{self.stack_name}-{self.logical_id}'[: longest - 13]}-{suffix}".lower()


class ResourceType(ABC):
    """One AWS resource type: how it is made, changed and removed through the service's own API.

    :cvar type_name: for example AWS::S3::Bucket.
    :cvar shape: the properties that are applied.
    :cvar attributes: names that `Fn::GetAtt` may ask for.
    :cvar replaced_by: properties whose change means a new resource ("Update requires: Replacement").
    :cvar name_property: the property with the resource's name, if it can have one.
    """

    type_name: ClassVar[str]
    shape: ClassVar[Structure]
    attributes: ClassVar[frozenset[str]] = frozenset()
    replaced_by: ClassVar[frozenset[str]] = frozenset()
    name_property: ClassVar[str | None] = None

    @abstractmethod
    def create(self, order: Order) -> Made:
        """Make the resource.

        :param order: what to make.
        """

    @abstractmethod
    def update(self, order: Order, current: ResourceRecord) -> Made:
        """Change the resource in place.

        :param order: what it must become.
        :param current: what it is now.
        """

    @abstractmethod
    def delete(self, services: Services, current: ResourceRecord) -> None:
        """Remove the resource; one that is gone already is no error.

        :param services: clients.
        :param current: what it is now.
        """
