"""Protection of personal data as the contract declares it (``masking``): done before a row is written anywhere.

No key is ever part of a query plan: plans show up in the Spark UI, its event log and error messages. Keys travel inside
pickled functions, and the one that the JVM needs for AES travels as a column that such a function computes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection
from dataclasses import asdict
from typing import Any

import pandas as pd
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.contracts import Column, Contract, Masking
from glue_jobs.problems import ContractMismatch
from glue_jobs.pseudonyms import PseudonymKey, pseudonymiser

KEYED = ("hmac-sha256", "encrypt")
_IV_BYTES = 12  # NIST SP 800-38D: the length for which AES-GCM is made


def mask_columns(
    rows: DataFrame, columns: tuple[Column, ...], key: PseudonymKey, withheld: Collection[str] = ()
) -> DataFrame:
    """Protect the masked columns; NULL stays NULL, types stay as they are.

    :param rows: rows with the contract's columns
    :param columns: all columns of the contract
    :param key: key of the environment
    :param withheld: names of further columns that are not published: their values become NULL
    :raises ContractMismatch: if a column has a method that this deployment of the jobs does not know
    """
    for column in columns:
        if column.name in withheld:
            rows = rows.withColumn(column.name, F.lit(None).cast(column.spark_type))
        elif column.masking is not None and column.name in rows.columns:
            protected = _protected(column, column.masking, key)
            rows = rows.withColumn(column.name, protected.cast(column.spark_type))
    return rows


def masking_of(contract: Contract) -> dict[str, dict[str, Any]]:
    """Return how each protected column is protected, for the result: rows protected otherwise are not joined with it.

    :param contract: the compiled contract
    """
    return {column.name: asdict(column.masking) for column in contract.columns if column.masking is not None}


def encrypted(value: SparkColumn, domain: str, key: PseudonymKey) -> SparkColumn:
    """Return a text column encrypted: base64 of IV, ciphertext and tag of AES-256-GCM, without MIME's line ends.

    :param value: clear text
    :param domain: domain of the masking
    :param key: key of the environment
    """
    material = _cipher_material(key, domain)(value)
    sealed = F.aes_encrypt(value, material["key"], F.lit("GCM"), F.lit("DEFAULT"), material["iv"], F.lit(domain))
    return F.translate(F.base64(sealed), "\r\n", "")


def reveal(ciphertext: SparkColumn, domain: str, key: PseudonymKey) -> SparkColumn:
    """Return the clear text of an encrypted column; a value of another key or domain fails the query.

    :param ciphertext: column as it was published
    :param domain: domain of its masking
    :param key: the version of the key with which it was written (``pii_key_version`` of the partition)
    """
    # The UDF needs an input, or Spark would compute the key once and keep it in the plan.
    secret = _cipher_material(key, domain)(ciphertext)["key"]
    clear = F.aes_decrypt(F.unbase64(ciphertext), secret, F.lit("GCM"), F.lit("DEFAULT"), F.lit(domain))
    return clear.cast("string")


def cipher_key(key: PseudonymKey, domain: str) -> bytes:
    """Return the AES-256 key of a domain, derived from the key of the environment.

    The input begins with a byte that no pseudonym's input begins with, so that no pseudonym ever equals a key.

    :param key: key of the environment
    :param domain: domain of the masking
    """
    return hmac.new(key.secret, f"\x00aes-256-gcm key\x00{domain}".encode(), hashlib.sha256).digest()


def cipher_iv(key: PseudonymKey, domain: str, value: str) -> bytes:
    """Return the initialisation vector of a value: a keyed hash of it, so that equal values give equal ciphertexts.

    :param key: key of the environment
    :param domain: domain of the masking
    :param value: clear text
    """
    secret = hmac.new(key.secret, f"\x00aes-256-gcm iv\x00{domain}".encode(), hashlib.sha256).digest()
    return hmac.new(secret, value.encode(), hashlib.sha256).digest()[:_IV_BYTES]


def _protected(column: Column, masking: Masking, key: PseudonymKey) -> SparkColumn:
    value = F.col(column.name)
    if masking.method == "hmac-sha256":
        return pseudonymiser(key, masking.domain)(value)
    if masking.method == "encrypt":
        return encrypted(value, masking.domain, key)
    if masking.method == "keep-last":
        return _last(column.name, masking.characters)
    if masking.method == "generalise":
        return _generalised(column, masking)
    if masking.method == "nullify":
        return F.lit(None)
    raise ContractMismatch(
        f"Column {column.name} is protected by {masking.method!r}, which this job does not know: deploy job and "
        "contracts together. Nothing was written."
    )


def _cipher_material(key: PseudonymKey, domain: str) -> Callable[[SparkColumn], SparkColumn]:
    secret = cipher_key(key, domain)

    @F.pandas_udf("struct<key: binary, iv: binary>")
    def cipher_material(values: pd.Series) -> pd.DataFrame:
        ivs = [None if value is None else cipher_iv(key, domain, value) for value in values]
        return pd.DataFrame({"key": [secret] * len(ivs), "iv": ivs}, dtype=object)

    return cipher_material  # type: ignore[no-any-return]


def _last(name: str, characters: int) -> SparkColumn:
    """Stars and the last characters; a value shorter than twice as many is all stars: or its rest would tell it."""
    return F.expr(
        f"CASE WHEN length(`{name}`) >= {2 * characters} "
        f"THEN concat(repeat('*', length(`{name}`) - {characters}), right(`{name}`, {characters})) "
        f"ELSE repeat('*', length(`{name}`)) END"
    )


def _generalised(column: Column, masking: Masking) -> SparkColumn:
    value = F.col(column.name)
    if masking.to == "band":
        return F.floor(value / masking.width) * masking.width
    if masking.to == "prefix":
        # A value that is not longer than the prefix must not be told whole either.
        shown = F.expr(f"left(`{column.name}`, least({masking.characters}, length(`{column.name}`) - 1))")
        return F.when(F.length(value) > 1, shown).otherwise(F.regexp_replace(value, ".", "*"))
    return F.date_trunc(masking.to, value)
