"""Paths of STS."""

from local.services.sts.responses import SecurityTokenResponse

url_bases = [r"https?://sts\.(.*\.)?amazonaws\.com"]
url_paths = {"{0}/$": SecurityTokenResponse.dispatch}
