"""Where Glue is served; the names are moto's."""

from local.services.glue.responses import LocalGlueResponse

url_bases = [r"https?://glue\.(.+)\.amazonaws\.com"]

url_paths = {"{0}/$": LocalGlueResponse.dispatch}
