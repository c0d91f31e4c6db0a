"""The back end that stands in for moto's: the state of one account and Region, and the neighbours it is about."""

from __future__ import annotations

from typing import Any

from moto.core.base_backend import BaseBackend

from .catalog import GlueCatalogReader, PrincipalDirectory
from .state import LakeFormationState


class LakeFormationBackend(BaseBackend):
    """:param region_name: Region of the Glue catalog
    :param account_id: account of the Glue catalog
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.state = LakeFormationState()

    @property
    def _url_module(self) -> Any:
        from . import urls

        return urls

    @property
    def catalog(self) -> GlueCatalogReader:
        return GlueCatalogReader(self.account_id, self.region_name)

    @property
    def principals(self) -> PrincipalDirectory:
        return PrincipalDirectory(self.account_id)

    def __getstate__(self) -> dict[str, Any]:
        return {"state": self.state}

    def __setstate__(self, stored: dict[str, Any]) -> None:
        self.state = stored["state"]
