"""Delivered files against the contract: every kind of difference has its verdict and its words."""

from __future__ import annotations

import io
from typing import Any

import pytest

from lake.contracts import contract
from lake.landing_files import EmptyFileError, LandedFile, UnreadableHeaderError, is_data, read_header
from lake.schema_check import compare_catalog, compare_header, verdict_of
from tests.dags.delivery_cases import CASES, HEADER, DeliveryCase

CONTRACT = contract("online_retail")


class OneObject:
    """Stands for S3 where only the range request of one object matters; real deliveries run on the local AWS."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def get_object(self, Bucket: str, Key: str, Range: str) -> dict[str, Any]:
        first, last = Range.removeprefix("bytes=").split("-")
        return {"Body": io.BytesIO(self.content[int(first) : int(last) + 1])}


def messages(case: DeliveryCase) -> tuple[str, str]:
    """:return: verdict and messages for a delivered file"""
    file = LandedFile("online_retail/ingest_date=2010-12-01/" + case.name, "etag", len(case.content))
    try:
        header = read_header(OneObject(case.content), "landing", file, ",")
    except UnreadableHeaderError as error:
        return "breaking", str(error)
    differences = compare_header(case.name, header, CONTRACT)
    return verdict_of(differences).value, "\n".join(map(str, differences))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_delivered_file_gets_its_verdict(case: DeliveryCase) -> None:
    verdict, text = messages(case)
    assert verdict == case.verdict, text
    for words in case.says:
        assert words in text


def test_an_empty_file_is_told_apart_from_a_broken_one() -> None:
    with pytest.raises(EmptyFileError, match="0 bytes"):
        read_header(OneObject(b""), "landing", LandedFile("a/day.csv", "etag", 0), ",")


def test_what_the_crawler_saw_is_reported_and_does_not_decide() -> None:
    columns = [name.lower() for name in HEADER.split(",")]
    assert compare_catalog("landing.online_retail", columns, CONTRACT) == []
    differences = compare_catalog("landing.online_retail", [*columns[1:], "channel"], CONTRACT)
    assert verdict_of(differences).value == "compatible"
    text = "\n".join(map(str, differences))
    assert "invoiceno" in text
    assert "channel" in text


@pytest.mark.parametrize(
    ("key", "data"), [("a/b.csv", True), ("a/_SUCCESS", False), ("a/.crc", False), ("a/", False), ("_x/b.csv", True)]
)
def test_markers_and_folders_are_not_data(key: str, data: bool) -> None:
    assert is_data(key) is data
