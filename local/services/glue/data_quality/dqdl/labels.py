"""Labels of rules. Source: "Label constraints" of the DQDL reference."""

from __future__ import annotations

from collections.abc import Iterable

from local.services.glue.data_quality.dqdl.errors import DqdlError

_MOST, _KEY, _VALUE = 10, 128, 256


def checked_labels(labels: Iterable[tuple[str, str]], already: int) -> dict[str, str]:
    """:param already: number of labels that the rule has anyway.
    :raises DqdlError: too many, too long, empty or twice.
    """
    listed = list(labels)
    if already + len(listed) > _MOST:
        raise DqdlError(f"Number of labels exceed maximum allowed (MAX: {_MOST})")
    found: dict[str, str] = {}
    for key, value in listed:
        if key in found:
            raise DqdlError("Duplicate label key. Key must be unique.")
        if not key or not value:
            raise DqdlError("Label key or value cannot be empty")
        for what, text, most in (("key", key, _KEY), ("value", value, _VALUE)):
            if len(text) > most:
                raise DqdlError(
                    f"Label {what} has length {len(text)} exceeding the maximum length of {most} characters"
                )
        found[key] = value
    return found
