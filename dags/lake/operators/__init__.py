"""Operators the amazon provider does not have, or has without what a re-run needs. One verb per class."""
