"""Paths of the operations served; the control plane refuses all others."""

from __future__ import annotations

from local.services.ram.responses import PATHS, respond

url_bases = [r"https?://ram\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/" + path + "$": respond for path in sorted(PATHS)}
