"""AWS Resource Access Manager: the resource shares that stand behind Lake Formation's grants to other accounts."""

from __future__ import annotations

from local.settings import LocalSettings


def install(settings: LocalSettings) -> None:
    """Serve the lists of RAM. moto's RAM neither extends a share nor knows what its consumer has answered.

    :param settings: of the local AWS.
    """
    from moto.core.base_backend import BackendDict

    from local import services
    from local.services.ram import responses
    from local.services.ram.consumers import Consumers
    from local.services.ram.models import ResourceAccessManagerBackend

    ResourceAccessManagerBackend.consumers = Consumers(settings.folder("ram"))
    backends = BackendDict(ResourceAccessManagerBackend, "ram", additional_regions=[settings.region])
    services.serve("ram", backends)
    responses.serve(lambda: backends[settings.account_id][settings.region])
