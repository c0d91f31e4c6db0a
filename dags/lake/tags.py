"""The closed vocabulary of DAG tags. ``tests/dags`` refuses any other."""

from __future__ import annotations

from enum import StrEnum


class Layer(StrEnum):
    """Where the DAG's result lives."""

    CURATED = "layer:curated"
    MART = "layer:mart"
    PLATFORM = "layer:platform"


class Domain(StrEnum):
    """Whose data it is."""

    SALES = "domain:sales"
    TRAVEL = "domain:travel"
    PLATFORM = "domain:platform"


class Tier(StrEnum):
    """How soon somebody must look at a failure: 1 = now, 2 = the same working day, 3 = when there is time."""

    ONE = "tier:1"
    TWO = "tier:2"
    THREE = "tier:3"
