"""Where requests for Athena go."""

from __future__ import annotations

from local.services.athena.responses import LocalAthenaResponse

url_bases = [r"https?://athena\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/$": LocalAthenaResponse.dispatch}
