"""Entry point of ``python -m mwaa.deploy``."""

from __future__ import annotations

import sys

from mwaa.deploy.command_line import main

if __name__ == "__main__":
    sys.exit(main())
