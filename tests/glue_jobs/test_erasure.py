"""Rows of a person are found in what they are in the clear, in pseudonyms and in broken records, and only they go."""

from __future__ import annotations

import datetime
import gzip
import hashlib
import io
import json
import tracemalloc
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from glue_jobs.contracts import Contract, Landing
from glue_jobs.erasure import contents
from glue_jobs.erasure.forget_subject import parse
from glue_jobs.erasure.search import readings
from glue_jobs.erasure.subjects import RequestUnusable, Subjects, entry, listed, requested, write_list_entry
from glue_jobs.pseudonyms import PseudonymKey, pseudonym
from tests.glue_jobs.conftest import KEY
from tests.glue_jobs.days import HEADER, OTHER_SALE, SALE, csv_bytes, sale

OLD_KEY = PseudonymKey(b"the key before the rotation of keys", "version-0")
KEYS = (KEY, OLD_KEY)
SUBJECT = "17850"


@pytest.fixture
def landing(contract: Contract) -> Landing:
    return contract.landing


@pytest.fixture
def subjects(tmp_path: Path) -> Subjects:
    return _requested(tmp_path, {"domain": "customer", "subject": SUBJECT})


def _requested(folder: Path, document: object) -> Subjects:
    path = folder / "request.json"
    path.write_text(json.dumps(document))
    return requested(str(path), KEYS)


REFUSED = {
    "not an object": ["customer", SUBJECT],
    "no domain": {"subject": SUBJECT},
    "domain that is no word": {"domain": "a b", "subject": SUBJECT},
    "nobody": {"domain": "customer"},
    "blank": {"domain": "customer", "subject": "  "},
    "number": {"domain": "customer", "subject": 17850},
    "both": {"domain": "customer", "subject": SUBJECT, "pseudonym": "0" * 64},
    "pseudonym that is none": {"domain": "customer", "pseudonym": SUBJECT},
    "further field": {"domain": "customer", "subject": SUBJECT, "name": "Anna"},
}


@pytest.mark.parametrize("case", REFUSED)
def test_request_that_is_not_understood_is_not_told(case: str, tmp_path: Path) -> None:
    with pytest.raises(RequestUnusable) as raised:
        _requested(tmp_path, REFUSED[case])
    text = str(raised.value) + str(raised.value.__cause__)
    assert SUBJECT not in text
    assert "Anna" not in text


def test_request_that_is_no_json_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text("17850")
    with pytest.raises(RequestUnusable):
        requested(str(path), KEYS)
    path.write_text("17850 {")
    with pytest.raises(RequestUnusable) as raised:
        requested(str(path), KEYS)
    assert SUBJECT not in str(raised.value)
    with pytest.raises(RequestUnusable, match="does not exist"):
        requested(str(tmp_path / "no.json"), KEYS)


def test_nothing_that_is_printed_names_anybody(subjects: Subjects) -> None:
    assert SUBJECT not in repr(subjects)
    assert KEY.secret.decode() not in repr(subjects)


def test_subject_is_known_by_value_and_by_pseudonym_of_every_key(subjects: Subjects) -> None:
    assert subjects.has_value(SUBJECT)
    assert not subjects.has_value("17851")
    for key in KEYS:
        assert subjects.has_cell(pseudonym(key, "customer", SUBJECT))
        assert not subjects.has_cell(pseudonym(key, "customer", "17851"))
        assert not subjects.has_cell(pseudonym(key, "supplier", SUBJECT))
    assert not subjects.has_cell(SUBJECT)


def test_pseudonym_is_enough(tmp_path: Path) -> None:
    known = _requested(tmp_path, {"domain": "customer", "pseudonym": pseudonym(KEY, "customer", SUBJECT)})
    assert known.has_value(SUBJECT)
    assert not known.has_value("17851")


@pytest.mark.parametrize("text", ["17850", "17850.0", "17850.00", " 17850 "])
def test_number_is_the_same_with_a_fraction_of_zeros(text: str, subjects: Subjects, tmp_path: Path) -> None:
    assert subjects.has_value(text)
    assert _requested(tmp_path, {"domain": "customer", "subject": text}).has_value("17850")


@pytest.mark.parametrize("text", ["178500", "17850.5", "17850.01", "1785", "017850", ".0", ""])
def test_another_number_is_somebody_else(text: str, subjects: Subjects) -> None:
    assert not subjects.has_value(text)


def test_text_is_read_as_the_contract_reads_it(spark: SparkSession, contract: Contract) -> None:
    assert readings(spark, contract, "customer", [" 17850.0 ", "x"]) == {"17850", "x"}
    assert readings(spark, contract, "customer", ["", "  "]) == set()
    assert readings(spark, contract, "supplier", ["17850.0"]) == set()
    columns = tuple(
        replace(column, expression="CASE WHEN CustomerID = 'x' THEN 'X' ELSE coalesce(CustomerID, 'GUEST') END")
        if column.name == "customer_id"
        else column
        for column in contract.columns
    )
    guests = replace(contract, columns=columns)
    assert readings(spark, guests, "customer", ["x", "17850.0"]) == {"X", "17850.0"}
    assert readings(spark, guests, "customer", ["GUEST"]) == set(), "what becomes of nothing names nobody"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("536365,X,1,17850.0,UK,more", True),
        ('{"Loyalty": "17850"}', True),
        ("customer 17850.", True),
        ("1,17850.00;2", True),
        ("1,17850.01;2", False),
        ("117850 17850x 1785", False),
        ("", False),
    ],
)
def test_mention_is_a_whole_word(text: str, told: bool, subjects: Subjects) -> None:
    assert subjects.is_mentioned(text) == told


def test_deletion_list_names_nobody_and_finds_again(subjects: Subjects, tmp_path: Path) -> None:
    folder = f"{tmp_path}/list/"
    write_list_entry(folder, "DSR-1", subjects, "2013-01-01T00:00:00+00:00")
    text = Path(f"{folder}DSR-1.json").read_text()
    assert SUBJECT not in text
    assert pseudonym(KEY, "customer", SUBJECT) not in text
    again = listed(folder, KEYS, "customer")
    assert again.has_value(SUBJECT)
    assert not again.has_value("17851")
    assert not listed(folder, KEYS, "supplier").entries
    assert entry(KEY, pseudonym(KEY, "customer", SUBJECT)) in text


def _positions(content: bytes, landing: Landing, word: str = SUBJECT) -> list[int]:
    rows = contents.delivered_rows(content, landing)
    return [row.line for row in rows if word in str(row.values) or word in (row.text or "")]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_records_go_and_every_other_byte_stays(pack: type[bytes], landing: Landing) -> None:
    quoted = sale(Description='"TWO\r\nLINES, ""QUOTED"""', CustomerID="17850.0")
    kept = [OTHER_SALE, sale(Description='"OTHER\nLINES"', CustomerID="17899.0"), ""]
    lines = [kept[0], quoted, kept[1], SALE, kept[2], f"{SALE},one,too,many"]
    content = pack(("\n".join([HEADER, *lines])).encode())
    left = contents.without_delivered_rows(content, landing, _positions(content, landing))
    assert left is not None
    assert left.startswith(b"\x1f\x8b") == (pack is gzip.compress)
    text = gzip.decompress(left) if pack is gzip.compress else left
    # The empty line behind a record goes with it.
    assert text.decode() == "\n".join([HEADER, *kept[:2], ""])
    assert SUBJECT not in text.decode()


def test_file_with_carriage_returns_and_byte_order_mark(landing: Landing) -> None:
    content = b"\xef\xbb\xbf" + csv_bytes(SALE, OTHER_SALE).replace(b"\n", b"\r\n")
    left = contents.without_delivered_rows(content, landing, _positions(content, landing))
    assert left == b"\xef\xbb\xbf" + csv_bytes(OTHER_SALE).replace(b"\n", b"\r\n")


def test_file_of_the_subject_alone_keeps_its_header(landing: Landing) -> None:
    content = csv_bytes(SALE)
    assert contents.without_delivered_rows(content, landing, _positions(content, landing)) == f"{HEADER}\n".encode()


def test_file_of_another_product_is_cleaned_by_lines(landing: Landing) -> None:
    content = b"name,customer\nanna,17850\nbob,17851\n"
    left = contents.without_delivered_rows(content, landing, _positions(content, landing))
    assert left == b"name,customer\nbob,17851\n"


def test_damaged_file_that_mentions_the_subject_goes_as_a_whole(landing: Landing) -> None:
    content = gzip.compress(csv_bytes(SALE, *[sale(InvoiceNo=f"{number:06}") for number in range(3000)]))[:-400]
    positions = _positions(content, landing)
    assert positions == [contents.WHOLE_OBJECT]
    assert contents.without_delivered_rows(content, landing, positions) is None


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_text_in_pieces_is_searched_like_a_whole(pack: type[bytes], size: int, subjects: Subjects) -> None:
    for text in ("a,17850\n", "17850", "x" * 100 + ";17850.0,é", "1178501", "17850" + "é" * 50, "é" * 9 + ",1785,0"):
        content = pack(text.encode())
        pieces = list(contents.text_pieces(io.BytesIO(content), size))
        assert "".join(pieces) == text
        assert any(map(subjects.is_mentioned, pieces)) == subjects.is_mentioned(text)


@pytest.mark.parametrize("before", ["x" * 9000, "17850" * 2000, "17850" + "x" * 5000])
def test_word_that_is_longer_than_a_piece_is_nobody(before: str, subjects: Subjects) -> None:
    for size in (1000, 4096, 5000):
        pieces = list(contents.text_pieces(io.BytesIO(before.encode()), size))
        assert not any(map(subjects.is_mentioned, pieces))
        told = contents.text_pieces(io.BytesIO(f"{before} 17850".encode()), size)
        assert any(map(subjects.is_mentioned, told))


def test_damaged_gzip_is_searched_as_far_as_it_can_be_read(subjects: Subjects) -> None:
    noise = "".join(hashlib.sha256(str(number).encode()).hexdigest() + "\n" for number in range(5000))
    content = gzip.compress(f"17850\n{noise}".encode())
    for damaged in (content[:-1000], content + b"no gzip", content + gzip.compress(b"more")):
        assert any(map(subjects.is_mentioned, contents.text_pieces(io.BytesIO(damaged), 1000)))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_memory_does_not_grow_with_a_text(pack: type[bytes], subjects: Subjects) -> None:
    content = io.BytesIO(pack(b"".join(b"%015d\n" % number for number in range(2**16)) * 6))  # 6 MiB
    tracemalloc.start()
    try:
        assert not any(map(subjects.is_mentioned, contents.text_pieces(content, 2**14)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20, "a set of the words of one piece, and no more"


def _parquet(**options: bool) -> bytes:
    table = pa.table(
        {
            "customer_id": ["a", "b", None, "a"],
            "at": pa.array([datetime.datetime(2011, 1, day, 8, 26, 1, 5) for day in range(1, 5)], pa.timestamp("us")),
            "amount": pa.array([Decimal("1.000"), Decimal("2.500"), None, Decimal("-3.001")], pa.decimal128(18, 3)),
            "rescued": [None, None, '{"Loyalty": "a"}', None],
        }
    ).replace_schema_metadata({"org.apache.spark.sql.parquet.row.metadata": "{}"})
    target = io.BytesIO()
    pq.write_table(table, target, compression="zstd", **options)
    return target.getvalue()


@pytest.mark.parametrize("int96", [True, False])
def test_rows_of_a_parquet_file_go_and_nothing_else_changes(int96: bool) -> None:
    content = _parquet(use_deprecated_int96_timestamps=int96)
    found = contents.protected_rows(content, ("customer_id", "rescued", "not_there"), lambda _, value: "a" in value)
    assert found == [(0, "a"), (2, '{"Loyalty": "a"}'), (3, "a")]
    left = contents.without_rows(content, [0, 3])
    before, after = pq.ParquetFile(io.BytesIO(content)), pq.ParquetFile(io.BytesIO(left))
    assert after.read().to_pylist() == before.read().to_pylist()[1:3]
    assert after.schema.equals(before.schema), "same physical types"
    assert after.schema_arrow.metadata == before.schema_arrow.metadata
    assert after.metadata.row_group(0).column(0).compression == "ZSTD"


def test_parquet_file_without_rows_is_still_one() -> None:
    left = contents.without_rows(_parquet(), range(4))
    assert pq.ParquetFile(io.BytesIO(left)).read().num_rows == 0
    assert contents.without_rows(left, [])


def test_quarantined_rows_are_read_as_delivered(landing: Landing) -> None:
    raw = [
        json.dumps({"CustomerID": "17850.0", "Quantity": "0"}),
        json.dumps({"_record": f"{SALE},x,y"}),
        json.dumps({"CustomerID": "1", "_rescued": '{"Loyalty": "17850"}'}),
    ]
    target = io.BytesIO()
    pq.write_table(pa.table({"raw": raw}), target)
    rows = contents.quarantined_rows(target.getvalue(), landing)
    place = list(landing.columns).index("CustomerID")
    assert [row.values[place] for row in rows] == ["17850.0", None, "1"]
    assert [SUBJECT in (row.text or "") for row in rows] == [False, True, True]


def test_what_is_no_parquet_file_is_read_as_text(landing: Landing) -> None:
    for broken in (b"PAR1", b"", _parquet()[:-1], b"17850 was here"):
        assert not contents.is_parquet(broken)
        (row,) = contents.quarantined_rows(broken, landing)
        assert row.line == contents.WHOLE_OBJECT
        assert (SUBJECT in (row.text or "")) == (SUBJECT.encode() in broken)
    assert contents.is_parquet(_parquet())


def test_arguments_name_no_person() -> None:
    texts = ("request", "contracts", "deletion_list", "pseudonyms", "result", "pii_secret", "removals")
    given = [text for name in texts for text in (f"--{name}", name)]
    rest = ["--mode", "find", "--products", "a,b", "--buckets", "landing=x,staging=y", "--request_file", "none"]
    rest += ["--key_versions", "v1=a 2010-12-01, a 2010-12-02;v2=b 2010-12-01"]
    found = parse([*given, *rest, "--job-name", "added by Glue"])
    assert (found.products, found.buckets) == (("a", "b"), {"landing": "x", "staging": "y"})
    assert found.request_file == ""
    assert found.key_versions == {"v1": "a 2010-12-01, a 2010-12-02", "v2": "b 2010-12-01"}
    assert parse([*given, *rest, "--key_versions", "none"]).key_versions == {}
