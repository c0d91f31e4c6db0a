"""The run key: a fingerprint of everything that decides what a run produces.

Same files, same contract, same job: same key, and therefore the same addresses for all that the run writes. A repeated
run finds its own work there instead of doing it again; a run of other input gets fresh addresses.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping

KEY_DIGITS = 16
RUN_KEY = re.compile(r"[0-9a-f]{16}")


def run_key(objects: Iterable[tuple[str, str, int]], settings: Mapping[str, str]) -> str:
    """:param objects: key, ETag and size in bytes of each object the run reads
    :param settings: what else decides the result, for example the hash of the contract
    :return: 16 hexadecimal digits
    """
    content = {"objects": sorted(objects), "settings": dict(settings)}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]
