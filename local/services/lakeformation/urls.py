"""Paths of the operations served."""

from __future__ import annotations

from .operations import OPERATIONS
from .responses import respond

url_bases = [r"https?://lakeformation\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/" + operation + "$": respond for operation in sorted(OPERATIONS)}
