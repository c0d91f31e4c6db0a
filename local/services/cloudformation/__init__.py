"""CloudFormation that deploys the very templates of `mwaa/cloudformation/`, and refuses what it would not apply whole.

moto's own CloudFormation skips types and properties it does not know and still reports CREATE_COMPLETE; here every
resource is made by one call or a few of the service's own API, against the local AWS.
"""

from __future__ import annotations

from local.settings import LocalSettings


def install(settings: LocalSettings) -> None:
    """Serve CloudFormation's API in moto's place. Call it before moto's server starts.

    :param settings: of the local AWS.
    """
    # Imported here: the command line imports this package without moto's start-up cost.
    from moto.core.base_backend import BackendDict

    from local import services
    from local.services.cloudformation.api import StacksBackend
    from local.services.cloudformation.local_services import LocalServices
    from local.services.cloudformation.resources import RESOURCE_TYPES
    from local.services.cloudformation.responses import CloudFormationResponse
    from local.services.cloudformation.stacks import StackOperations
    from local.services.cloudformation.state import StackStore
    from local.services.cloudformation.template_source import TemplateSource

    store = StackStore(settings.folder("cloudformation"))
    local_services = LocalServices(settings)
    CloudFormationResponse.operations = StackOperations(RESOURCE_TYPES, local_services, store)
    CloudFormationResponse.source = TemplateSource(local_services.s3_as)
    # The stacks are in the store; the back end only says where requests go.
    services.serve("cloudformation", BackendDict(StacksBackend, "cloudformation"))
