"""How a deployment says no."""

from __future__ import annotations


class DeployError(Exception):
    """The deployment cannot go on; the message says what, where, and how to fix it."""


class DeployFailed(DeployError):
    """AWS refused or undid what was begun; a record of it is worth keeping."""
