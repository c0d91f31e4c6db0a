"""The resource types of the local CloudFormation, one module or more per service.

A type is registered by being defined: every concrete `ResourceType` of this package's modules counts.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

from local.services.cloudformation.resource_type import ResourceType


def _defined_types() -> Iterator[type[ResourceType]]:
    for module in pkgutil.iter_modules(__path__):
        members = vars(importlib.import_module(f"{__name__}.{module.name}"))
        for kind in members.values():
            if inspect.isclass(kind) and issubclass(kind, ResourceType) and not inspect.isabstract(kind):
                yield kind


RESOURCE_TYPES: dict[str, ResourceType] = {kind.type_name: kind() for kind in _defined_types()}
