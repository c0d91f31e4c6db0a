"""Personal data leaves the job as pseudonyms only, and the key does not leave it at all."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from pyspark.sql import SparkSession

from glue_jobs.contracts import Contract
from glue_jobs.masking import mask_columns
from glue_jobs.pseudonyms import PseudonymKey, pseudonym
from tests.glue_jobs.conftest import KEY, Clean
from tests.glue_jobs.days import OTHER_SALE, SALE, csv_bytes, sale


def test_pseudonym_is_a_standard_keyed_hash(clean: Clean) -> None:
    day = clean({"a.csv": csv_bytes(SALE, sale(Quantity="7"), OTHER_SALE, sale(InvoiceNo="536367", CustomerID=""))})
    found = [row["customer_id"] for row in day.published().collect()]
    anna = hmac.new(KEY.secret, b"customer:17850", hashlib.sha256).hexdigest()
    assert found == [anna, anna, hmac.new(KEY.secret, b"customer:17851", hashlib.sha256).hexdigest(), None]


def test_day_of_guests_only(clean: Clean) -> None:
    day = clean({"a.csv": csv_bytes(sale(CustomerID=""), sale(CustomerID="", Quantity="7"))})
    assert [row["customer_id"] for row in day.published().collect()] == [None, None]


def test_other_key_and_other_domain_give_unrelated_pseudonyms() -> None:
    other = PseudonymKey(b"another key of another environment", "v")
    values = {pseudonym(KEY, "customer", "1"), pseudonym(other, "customer", "1"), pseudonym(KEY, "supplier", "1")}
    assert len(values) == 3


def test_key_is_neither_in_plans_nor_in_prints(spark: SparkSession, contract: Contract) -> None:
    rows = spark.createDataFrame([("17850",)], "customer_id string")
    masked = mask_columns(rows, tuple(column for column in contract.columns if column.masking), KEY)
    plan = masked._jdf.queryExecution().toString()
    assert "pseudonyms(customer_id" in plan
    for secret in (KEY.secret.decode(), KEY.secret.hex()):
        assert secret not in plan
        assert secret not in repr(KEY)


def test_no_clear_number_in_published_files(clean: Clean) -> None:
    day = clean({"a.csv": csv_bytes(SALE)})
    assert "17850" not in str(day.published_rows())


@pytest.mark.parametrize("column", ["customer_id"])
def test_contract_masks_every_personal_column(column: str, contract: Contract) -> None:
    assert {found.name for found in contract.columns if found.masking} == {column}
