"""Lake Formation: grants, data cells filters, LF-tags and registered locations, strictly checked and enforced."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.settings import LocalSettings


def install(settings: LocalSettings) -> None:
    """Put our back end in the place of moto's and let the other services ask it.

    :param settings: names the account and the Region whose grants `access` decides by
    """
    from moto.lakeformation.models import lakeformation_backends

    from . import access, responses
    from .faults import Faults
    from .models import LakeFormationBackend

    lakeformation_backends.backend = LakeFormationBackend  # type: ignore[assignment]
    lakeformation_backends.clear()

    faults = Faults(settings.folder("lakeformation"))

    def backend() -> LakeFormationBackend:
        found: LakeFormationBackend = lakeformation_backends[settings.account_id][settings.region]  # type: ignore[assignment]
        return found

    access.bind(lambda: access.Authority(backend().state, backend().catalog))
    responses.serve(lambda: (backend(), faults))
