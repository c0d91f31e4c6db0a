"""Paths of CloudWatch."""

from __future__ import annotations

from local.services.cloudwatch.responses import AlarmsResponse

url_bases = [r"https?://monitoring\.(.+)\.amazonaws.com"]
url_paths = {"{0}/$": AlarmsResponse.dispatch}
