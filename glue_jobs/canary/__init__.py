"""Glue job of the canary: one synthetic record from landing to staging."""
