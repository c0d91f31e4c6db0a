"""Every property that a deployed stack set, read back through the API of its service.

Whoever adds a resource type adds a reader here: a type without one fails the test of every stack that has it.
"""

from __future__ import annotations

from tests.conftest import LocalAws
from tests.mwaa.readback.account_readers import ACCOUNT_READERS
from tests.mwaa.readback.comparison import PatientAws, Reader, differences, resources_of
from tests.mwaa.readback.lake_readers import LAKE_READERS
from tests.mwaa.readback.network_readers import NETWORK_READERS

READERS: dict[str, Reader] = ACCOUNT_READERS | LAKE_READERS | NETWORK_READERS

# Type and property -> why no API shows it, here or on AWS.
UNREADABLE = {
    ("AWS::Athena::WorkGroup", "RecursiveDeleteOption"): "read by CloudFormation when it deletes the workgroup",
    ("AWS::KMS::Key", "PendingWindowInDays"): "read by CloudFormation when it deletes the key",
    ("AWS::LakeFormation::DataLakeSettings", "MutationType"): "says how CloudFormation writes the settings",
    ("AWS::MWAA::Environment", "WorkerReplacementStrategy"): "of an update; GetEnvironment tells that of the last one",
    ("AWS::RedshiftServerless::Namespace", "ManageAdminPassword"): "the local warehouse has no password to manage",
}


def stack_differences(aws: LocalAws, stack_name: str) -> list[str]:
    """What a stack's template says and its services do not, for all its resources.

    :param stack_name: name of a living stack.
    """
    aws = PatientAws(aws.settings)
    found = resources_of(aws, stack_name)
    return [text for resource in found for text in differences(aws, resource, READERS, UNREADABLE)]
