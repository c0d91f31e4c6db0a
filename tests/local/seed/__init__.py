"""Tests of the generated source data."""
