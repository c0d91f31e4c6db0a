"""Where jobs and crawlers with a security configuration log.

Logs that a security configuration encrypts go to log groups of their own, named after it and the role: jobs to
`/aws-glue/jobs/<configuration>-role/<role>/error` and `output`, crawlers to
`/aws-glue/crawlers-role/<role>-<configuration>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def encrypts_logs(configuration: Mapping[str, Any]) -> bool:
    """Whether a security configuration encrypts logs.

    :param configuration: its EncryptionConfiguration.
    """
    mode: str = (configuration.get("CloudWatchEncryption") or {}).get("CloudWatchEncryptionMode", "DISABLED")
    return mode == "SSE-KMS"
