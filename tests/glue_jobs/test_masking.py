"""Personal data is published as the contract says, by the real Spark, and no key shows up in a plan."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from glue_jobs.contracts import Column, Masking
from glue_jobs.masking import cipher_iv, cipher_key, mask_columns, reveal
from glue_jobs.problems import ContractMismatch
from glue_jobs.pseudonyms import PseudonymKey
from tests.glue_jobs.conftest import KEY

OTHER_KEY = PseudonymKey(b"another key of another environment", "version-2")
TEXTS = ["anna@example.com", "", "ä", "a" * 300, "anna@example.com"]
Mask = Callable[..., list[Any]]


@pytest.fixture
def mask(spark: SparkSession) -> Mask:
    def run(values: list[Any], spark_type: str, key: PseudonymKey = KEY, **masking: Any) -> list[Any]:
        column = _column(spark_type, Masking(**masking))
        rows = spark.createDataFrame([(place, value) for place, value in enumerate(values)], f"n int, c {spark_type}")
        masked = mask_columns(rows, (column,), key)
        assert masked.schema["c"].dataType.simpleString() == spark_type, "a masked column keeps its type"
        return [row["c"] for row in masked.orderBy("n").collect()]

    return run


def _column(spark_type: str, masking: Masking | None) -> Column:
    return Column("c", "C", "C", False, None, spark_type, False, masking, "none", False)


def test_hmac_equals_pythons(mask: Mask) -> None:
    found = mask([*TEXTS, None], "string", method="hmac-sha256", domain="email")
    wanted = [hmac.new(KEY.secret, f"email:{text}".encode(), hashlib.sha256).hexdigest() for text in TEXTS]
    assert found == [*wanted, None]


def test_encrypted_values_are_standard_aes_gcm(mask: Mask) -> None:
    found = mask([*TEXTS, None], "string", method="encrypt", domain="email")
    assert found[-1] is None
    assert found[0] == found[4], "deterministic: equal values stay equal"
    cipher = AESGCM(cipher_key(KEY, "email"))
    for text, sealed in zip(TEXTS, found[:-1], strict=True):
        assert "\n" not in sealed
        raw = base64.b64decode(sealed, validate=True)
        assert raw[:12] == cipher_iv(KEY, "email", text)
        assert cipher.decrypt(raw[:12], raw[12:], b"email").decode() == text
        assert len(sealed) == (len(text.encode()) + 28 + 2) // 3 * 4, "the length the contract's lint reckons with"


def test_encrypted_values_of_another_domain_or_key_cannot_be_read(mask: Mask) -> None:
    (sealed,) = mask(["anna@example.com"], "string", method="encrypt", domain="email")
    raw = base64.b64decode(sealed)
    for key, domain in ((KEY, "phone"), (OTHER_KEY, "email")):
        with pytest.raises(InvalidTag):
            AESGCM(cipher_key(key, domain)).decrypt(raw[:12], raw[12:], domain.encode())


def test_reveal_gives_the_clear_text_back(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(text,) for text in [*TEXTS, None]], "c string")
    column = _column("string", Masking(method="encrypt", domain="email"))
    sealed = mask_columns(rows, (column,), KEY)
    clear = sealed.select(reveal(F.col("c"), "email", KEY).alias("c"))
    assert [row["c"] for row in clear.collect()] == [*TEXTS, None]
    with pytest.raises(Exception, match=r"INVALID_PARAMETER_VALUE|Tag mismatch"):
        sealed.select(reveal(F.col("c"), "email", OTHER_KEY)).collect()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("4111111111111111", "************1111"),
        ("12345678", "****5678"),
        ("1234567", "*******"),
        ("1234", "****"),
        ("1", "*"),
        ("", ""),
        (None, None),
        ("grüße-straße-9", "**********ße-9"),
    ],
)
def test_last_characters_never_tell_most_of_a_value(mask: Mask, value: str | None, shown: str | None) -> None:
    assert mask([value], "string", method="keep-last", characters=4) == [shown]


@pytest.mark.parametrize(
    ("unit", "shown"),
    [
        ("year", datetime.date(2011, 1, 1)),
        ("quarter", datetime.date(2011, 10, 1)),
        ("month", datetime.date(2011, 11, 1)),
        ("week", datetime.date(2011, 11, 14)),
    ],
)
def test_dates_become_the_first_day_of_their_unit(mask: Mask, unit: str, shown: datetime.date) -> None:
    assert mask([datetime.date(2011, 11, 17), None], "date", method="generalise", to=unit) == [shown, None]


def test_timestamps_become_the_beginning_of_their_unit(mask: Mask) -> None:
    found = mask([datetime.datetime(2011, 11, 17, 8, 26)], "timestamp", method="generalise", to="day")
    assert found == [datetime.datetime(2011, 11, 17)]


@pytest.mark.parametrize(
    ("values", "spark_type", "shown"),
    [
        ([0, 9, 10, 37, -1, None], "int", [0, 0, 10, 30, -10, None]),
        ([Decimal("19.90"), Decimal("20.00")], "decimal(12,2)", [Decimal("10.00"), Decimal("20.00")]),
        ([9.99, -0.5], "double", [0.0, -10.0]),
    ],
)
def test_numbers_become_the_lower_bound_of_their_band(
    mask: Mask, values: list[Any], spark_type: str, shown: list[Any]
) -> None:
    assert mask(values, spark_type, method="generalise", to="band", width=10) == shown


@pytest.mark.parametrize(("value", "shown"), [("EC1A 1BB", "EC1"), ("EC1", "EC"), ("E1", "E"), ("E", "*"), ("", "")])
def test_prefix_never_tells_the_whole_value(mask: Mask, value: str, shown: str) -> None:
    assert mask([value], "string", method="generalise", to="prefix", characters=3) == [shown]


@pytest.mark.parametrize(("value", "spark_type"), [("x", "string"), (1, "int"), (datetime.date(2011, 1, 1), "date")])
def test_nullified_values_are_gone(mask: Mask, value: Any, spark_type: str) -> None:
    assert mask([value], spark_type, method="nullify") == [None]


def test_unknown_method_stops_before_anything_is_written(spark: SparkSession) -> None:
    rows = spark.createDataFrame([("x",)], "c string")
    with pytest.raises(ContractMismatch, match="deploy job and contracts together"):
        mask_columns(rows, (_column("string", Masking(method="rot13")),), KEY)


@pytest.mark.parametrize("method", ["hmac-sha256", "encrypt"])
def test_no_key_in_plans(spark: SparkSession, method: str) -> None:
    rows = spark.createDataFrame([("anna@example.com",)], "c string")
    masked = mask_columns(rows, (_column("string", Masking(method=method, domain="email")),), KEY)
    if method == "encrypt":
        masked = masked.select("c", reveal(F.col("c"), "email", KEY).alias("clear"))
    masked.collect()
    plan = masked._jdf.queryExecution().toString()
    derived = cipher_key(KEY, "email")
    for secret in (KEY.secret.decode(), KEY.secret.hex(), derived.hex(), base64.b64encode(derived).decode()):
        assert secret.lower() not in plan.lower()
