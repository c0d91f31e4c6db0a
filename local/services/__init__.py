"""The AWS services of the control plane, found by the service name in a request's signature.

A service is one of three kinds:

* ``local/services/<name>/`` has ``install(settings)``: a back end of ours. ``install`` swaps the class behind moto's
  ``BackendDict`` (or registers a service that moto lacks with `serve`) before the first request;
* named in ``_MOTO_STATE_IS_REAL``: moto's own back end, where keeping state is all that the service does for us;
* anything else is not served: a call to it is refused at once. moto knows a hundred more services, but its answers
  there are fixed texts, and a task that "succeeds" on those would have shown nothing.

Of a service that is named in ``_SERVED_ACTIONS``, only those actions are served.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from local.settings import LocalSettings

if TYPE_CHECKING:
    from moto.core.base_backend import BackendDict

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServedService:
    """:param signing_name: the service's name in a request's signature.
    :param model: the service's name in botocore, which describes its protocol and operations.
    :param backends: moto's (or our) state of that service, one back end per account and region.
    """

    signing_name: str
    model: str
    backends: BackendDict  # type: ignore[type-arg]


# signing name -> moto's name of the service. Deliveries between them are real: SNS to SQS, EventBridge to SNS and SQS.
_MOTO_STATE_IS_REAL = {
    "ec2": "ec2",
    "events": "events",
    "iam": "iam",
    "logs": "logs",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "tagging": "resourcegroupstaggingapi",
}

# Signing name -> the actions that are served: what `mwaa/cloudformation/` needs to make, change, remove and read back.
_SERVED_ACTIONS = {
    "ec2": frozenset(
        [
            "AllocateAddress",
            "AssociateRouteTable",
            "AttachInternetGateway",
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "CreateFlowLogs",
            "CreateInternetGateway",
            "CreateNatGateway",
            "CreateRoute",
            "CreateRouteTable",
            "CreateSecurityGroup",
            "CreateSubnet",
            "CreateTags",
            "CreateVpc",
            "CreateVpcEndpoint",
            "DeleteFlowLogs",
            "DeleteInternetGateway",
            "DeleteNatGateway",
            "DeleteRoute",
            "DeleteRouteTable",
            "DeleteSecurityGroup",
            "DeleteSubnet",
            "DeleteTags",
            "DeleteVpc",
            "DeleteVpcEndpoints",
            "DescribeAddresses",
            "DescribeAvailabilityZones",
            "DescribeFlowLogs",
            "DescribeInternetGateways",
            "DescribeNatGateways",
            "DescribeRouteTables",
            "DescribeSecurityGroupRules",
            "DescribeSecurityGroups",
            "DescribeSubnets",
            "DescribeTags",
            "DescribeVpcAttribute",
            "DescribeVpcEndpoints",
            "DescribeVpcs",
            "DetachInternetGateway",
            "DisassociateRouteTable",
            "ModifySubnetAttribute",
            "ModifyVpcAttribute",
            "ModifyVpcEndpoint",
            "ReleaseAddress",
            "ReplaceRoute",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
        ]
    ),
    "kms": frozenset(
        [
            "CancelKeyDeletion",
            "CreateAlias",
            "CreateKey",
            "DeleteAlias",
            "DescribeKey",
            "DisableKey",
            "DisableKeyRotation",
            "EnableKey",
            "EnableKeyRotation",
            "GetKeyPolicy",
            "GetKeyRotationStatus",
            "ListAliases",
            "ListKeys",
            "ListResourceTags",
            "PutKeyPolicy",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "UpdateAlias",
            "UpdateKeyDescription",
        ]
    ),
}

# Package of ours -> what it serves: signing name, moto's name. A package may register more services itself.
_OURS_ON_MOTO = {
    "athena": ("athena", "athena"),
    "cloudwatch": ("monitoring", "cloudwatch"),
    "glue": ("glue", "glue"),
    "kms": ("kms", "kms"),
    "lakeformation": ("lakeformation", "lakeformation"),
    "redshift": ("redshift-data", "redshiftdata"),
    "s3": ("s3", "s3"),
    "sts": ("sts", "sts"),
}
_BOTOCORE_NAMES = {"redshiftdata": "redshift-data"}

_served: dict[str, ServedService] = {}
_packages: list[ModuleType] = []


def serve(signing_name: str, backends: BackendDict, model: str | None = None) -> None:  # type: ignore[type-arg]
    """Serve one more service, or another back end for a known one. For use in a package's ``install``.

    :param signing_name: the service's name in a request's signature, such as ``redshift-serverless``.
    :param backends: ``BackendDict(Backend, name)``; the back end's ``flask_paths`` lead paths to responses.
    :param model: botocore's service name when it differs from the signing name.
    """
    _served[signing_name] = ServedService(signing_name, model or signing_name, backends)


def served(signing_name: str) -> ServedService | None:
    """The service behind a signature's service name; None when it is not served."""
    known = _served.get(signing_name)
    if known is None and signing_name in _MOTO_STATE_IS_REAL:
        _serve_moto(signing_name, _MOTO_STATE_IS_REAL[signing_name])
        known = _served[signing_name]
    return known


def serves_action(signing_name: str, action: str) -> bool:
    """Whether an action of a served service is one that the local AWS answers at all.

    :param signing_name: the service's name in a request's signature.
    :param action: name of the action, as in AWS's API reference.
    """
    return signing_name not in _SERVED_ACTIONS or action in _SERVED_ACTIONS[signing_name]


def backends_named(service_name: str) -> BackendDict | None:  # type: ignore[type-arg]
    """Back ends by ``BackendDict.service_name``, the name of their snapshot; None when not served."""
    for service in _served.values():
        if service.backends.service_name == service_name:
            return service.backends
    for signing_name in _MOTO_STATE_IS_REAL.keys() - _served.keys():
        known = served(signing_name)
        if known is not None and known.backends.service_name == service_name:
            return known.backends
    return None


def served_names() -> list[str]:
    """Signing names of everything that is served."""
    return sorted(_served.keys() | _MOTO_STATE_IS_REAL.keys())


def install_all(settings: LocalSettings) -> None:
    """Install every service package of this folder. Called once, before the control plane's first request."""
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg):
        package = importlib.import_module(f"{__name__}.{module}")
        if module in _OURS_ON_MOTO:
            _serve_moto(*_OURS_ON_MOTO[module])
        package.install(settings)
        _packages.append(package)


def close_all() -> None:
    """Let every service end what it runs (``close()``, if it has one). Called once, when the control plane stops."""
    for package in _packages:
        if hasattr(package, "close"):
            try:
                package.close()
            except Exception:  # the other services must still get their turn
                log.exception("%s did not close", package.__name__)


def _serve_moto(signing_name: str, moto_name: str) -> None:
    from moto import backends

    serve(signing_name, backends.get_backend(moto_name), _BOTOCORE_NAMES.get(moto_name, moto_name))  # type: ignore[call-overload]
