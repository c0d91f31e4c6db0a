"""Erase people from the files of the lake, and prove by another search that nothing is left.

Safe to repeat and to kill: a version goes only after its replacement is there, and what a broken attempt left behind is
found by the next search like anything else.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from glue_jobs import storage
from glue_jobs.cleaning import load_contract
from glue_jobs.contracts import Contract
from glue_jobs.erasure import contents, versions
from glue_jobs.erasure.search import SLICES_PER_CORE, Found, columns_of_domain, readings, search
from glue_jobs.erasure.subjects import (
    RequestUnusable,
    Subjects,
    domains_of_list,
    keys_of_list,
    listed,
    requested,
    with_forms,
    write_list_entry,
)
from glue_jobs.masking import encrypted
from glue_jobs.problems import JobProblem
from glue_jobs.pseudonyms import PseudonymKey, read_keys

FORMAT = 1
FIND, ERASE = "find", "erase"
_ZONES = ("landing", "staging", "curated", "quarantine", "governance", "athena")


class SubjectStays(JobProblem):
    """Something of the subject is still there after the erasure; run it again."""


@dataclass(frozen=True)
class ErasureArguments:
    """What the job is started with.

    :param mode: ``find`` changes nothing, ``erase`` does
    :param request: name of the request, ``deletion-list`` for everybody who was erased before
    :param request_file: URI of the request, empty for the deletion list
    :param contracts: folder of the compiled contracts
    :param products: data products
    :param buckets: bucket by zone
    :param deletion_list: folder of the deletion list
    :param pseudonyms: URI of the file from which the warehouse reads who is to be erased
    :param result: URI of the result JSON
    :param pii_secret: name or ARN of the secret with the key
    :param key_versions: by version id of the key, the published partitions that record it, in words
    :param removals: folder of the request for what each attempt has removed
    """

    mode: str
    request: str
    request_file: str
    contracts: str
    products: tuple[str, ...]
    buckets: dict[str, str]
    deletion_list: str
    pseudonyms: str
    result: str
    pii_secret: str
    key_versions: dict[str, str]
    removals: str


def forget(spark: SparkSession, arguments: ErasureArguments, keys: tuple[PseudonymKey, ...] = ()) -> dict[str, Any]:
    """Find or erase, and write the result.

    :param spark: session with the settings of ``session.SQL_SETTINGS``
    :param arguments: what to do
    :param keys: keys of the environment, the current one first; read from Secrets Manager when not given
    :return: the result, as written to ``arguments.result``; it names nobody
    :raises PiiKeyUnavailable: if a key with which something was published cannot be read; nothing was changed
    :raises RequestUnusable: if the request cannot be read
    :raises SubjectStays: if a search after the erasure still finds something
    """
    keys = keys or read_keys(arguments.pii_secret, _recorded_keys(arguments))
    loaded = {product: load_contract(f"{arguments.contracts}{product}.json") for product in arguments.products}
    people = _people(spark, arguments, keys, loaded)
    s3 = storage.client()
    totals, removed = _Totals(), _Totals()
    record = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
    pseudonyms: set[str] = set()
    for subjects in people:
        concerned = _concerned(loaded, subjects)
        found, looked_at = _look(spark, s3, arguments, concerned, subjects)
        totals.add(found, looked_at)
        pseudonyms |= subjects.pseudonyms | {text for entry in found for text in entry.pseudonyms}
        if arguments.mode == ERASE:
            for zone in _ZONES:
                part = [entry for entry in found if entry.version.zone == zone]
                if part:
                    _erase(spark, s3, part, concerned)
                    removed.add(part, 0)
                    # An attempt that fails further on must not take along what it did so far.
                    _write_removal(arguments, record, removed)
            left, _ = _look(spark, s3, arguments, concerned, subjects)
            if left:
                raise SubjectStays(
                    f"{len(left)} object version(s) still hold the subject, for example in {left[0].version.bucket}: "
                    "something wrote them meanwhile. Run the request again."
                )
            if arguments.request_file:
                write_list_entry(arguments.deletion_list, arguments.request, subjects, _now())
    if arguments.mode == ERASE:
        lines = "".join(f"{text}\n" for text in sorted(pseudonyms))
        storage.write_bytes(arguments.pseudonyms, lines.encode())
    document = {
        "format": FORMAT,
        "request": arguments.request,
        "mode": arguments.mode,
        "domains": sorted({subjects.domain for subjects in people}),
        "products": sorted({product for subjects in people for product in _concerned(loaded, subjects)}),
        **totals.document(),
        "left": 0 if arguments.mode == ERASE else None,
        "key_version": keys[0].version,
        "key_versions": [key.version for key in keys],
        "ended_at": _now(),
    }
    storage.write_bytes(arguments.result, (json.dumps(document, indent=1) + "\n").encode())
    sys.stdout.write(f"{arguments.request}: {arguments.mode}: {totals.words()}\n")
    return document


def _recorded_keys(arguments: ErasureArguments) -> dict[str, str]:
    """Return what was written with which version of the key. The list's own are needed to compare with it."""
    listed_keys = {} if arguments.request_file else keys_of_list(arguments.deletion_list)
    return listed_keys | arguments.key_versions


def _people(
    spark: SparkSession, arguments: ErasureArguments, keys: tuple[PseudonymKey, ...], loaded: dict[str, Contract]
) -> list[Subjects]:
    if arguments.request_file:
        subjects = requested(arguments.request_file, keys)
        if not _concerned(loaded, subjects):
            raise RequestUnusable(
                f"No column of {', '.join(loaded)} is masked with the domain {subjects.domain}: see `masking` in the "
                "contracts."
            )
        return [_with_ciphertexts(spark, _with_readings(spark, subjects, loaded), loaded)]
    folder = arguments.deletion_list
    everybody = [listed(folder, keys, domain) for domain in domains_of_list(folder)]
    return [_with_ciphertexts(spark, subjects, loaded) for subjects in everybody if _concerned(loaded, subjects)]


def _with_ciphertexts(spark: SparkSession, subjects: Subjects, loaded: dict[str, Contract]) -> Subjects:
    """Add what encrypted columns of the domain hold of the subject."""
    names = [
        f"{product}.{column.name}"
        for product, contract in loaded.items()
        for column in contract.columns
        if column.masking and column.masking.method == "encrypt" and column.masking.domain == subjects.domain
    ]
    if not names:
        return subjects
    if not subjects.forms:
        raise RequestUnusable(
            f"{', '.join(names)} is encrypted, and nobody is found there by a hash: write a request with `subject`."
        )
    forms = sorted(subjects.forms)

    @F.pandas_udf("string")
    def value(numbers: pd.Series) -> pd.Series:  # so that the value is in no query plan
        return pd.Series([forms[number] for number in numbers], dtype=object)

    cells = [encrypted(value(F.col("id")), subjects.domain, key) for key in subjects.keys]
    rows = spark.range(len(forms)).select(*cells).collect()
    return replace(subjects, ciphertexts=frozenset(cell for row in rows for cell in row))


def _with_readings(spark: SparkSession, subjects: Subjects, loaded: dict[str, Contract]) -> Subjects:
    """Add what the products publish for the text of the request: the request may have it as the source writes it."""
    if not subjects.forms:
        return subjects
    concerned = _concerned(loaded, subjects).values()
    return with_forms(
        subjects,
        {form for contract in concerned for form in readings(spark, contract, subjects.domain, subjects.forms)},
    )


def _concerned(loaded: dict[str, Contract], subjects: Subjects) -> dict[str, Contract]:
    return {name: contract for name, contract in loaded.items() if columns_of_domain(contract, subjects.domain)}


def _look(
    spark: SparkSession, s3: Any, arguments: ErasureArguments, concerned: dict[str, Contract], subjects: Subjects
) -> tuple[list[Found], int]:
    existing = [
        version
        for contract in concerned.values()
        for version in versions.versions_of_product(s3, arguments.buckets, contract, contract.landing.prefix)
    ]
    existing += versions.versions_of_no_product(s3, arguments.buckets)
    return search(spark, existing, concerned, subjects), len(existing)


def _erase(spark: SparkSession, s3: Any, found: list[Found], contracts: dict[str, Contract]) -> None:
    changed = [entry for entry in found if entry.version.is_latest and entry.version.kind in versions.REWRITTEN]
    if changed:
        slices = min(len(changed), SLICES_PER_CORE * spark.sparkContext.defaultParallelism)
        landings = {product: contract.landing for product, contract in contracts.items()}

        def rewrite(entries: Iterable[Found]) -> Iterator[int]:
            s3 = storage.client()
            for entry in entries:
                content = versions.read(s3, entry.version)
                kept = content and _without(entry, content, landings[entry.version.product])
                if kept:
                    yield int(versions.replace(s3, entry.version, kept))

        spark.sparkContext.parallelize(changed, slices).mapPartitions(rewrite).collect()
    versions.remove(s3, [entry.version for entry in found])


def _write_removal(arguments: ErasureArguments, name: str, removed: _Totals) -> None:
    """Keep what this attempt has removed so far; the report of the request sums up all attempts not yet reported."""
    counts = removed.document()
    document = {
        "format": FORMAT,
        "request": arguments.request,
        "zones": counts["zones"],
        "days": counts["days"],
        "removed_at": _now(),
        "reported_in": "",
    }
    storage.write_bytes(f"{arguments.removals}{name}.json", (json.dumps(document, indent=1) + "\n").encode())


def _without(entry: Found, content: bytes, landing: Any) -> bytes | None:
    if contents.WHOLE_OBJECT in entry.positions:
        return None
    if entry.version.kind == versions.DELIVERED:
        return contents.without_delivered_rows(content, landing, entry.positions)
    return contents.without_rows(content, entry.positions)


class _Totals:
    """Counts for the report; no value of a row gets into it."""

    def __init__(self) -> None:
        self._zones: dict[tuple[str, str], dict[str, int]] = {}
        self._days: set[tuple[str, str]] = set()
        self._versions = 0

    def add(self, found: list[Found], looked_at: int) -> None:
        self._versions += looked_at
        for entry in found:
            place = (entry.version.zone, entry.version.product)
            counts = self._zones.setdefault(
                place, {"rows": 0, "objects": 0, "rows_of_old_versions": 0, "old_versions": 0, "objects_removed": 0}
            )
            rows = len([position for position in entry.positions if position != contents.WHOLE_OBJECT])
            if not entry.version.is_latest:
                counts["old_versions"] += 1
                counts["rows_of_old_versions"] += rows
            elif entry.version.kind in versions.REWRITTEN and contents.WHOLE_OBJECT not in entry.positions:
                counts["objects"] += 1
                counts["rows"] += rows
            else:
                counts["objects_removed"] += 1
            if entry.version.day and entry.version.product and entry.version.zone in ("landing", "curated"):
                self._days.add((entry.version.product, entry.version.day))

    def document(self) -> dict[str, Any]:
        order = {zone: place for place, zone in enumerate(_ZONES)}
        return {
            "versions_searched": self._versions,
            "zones": [
                {"zone": zone, "product": product, **counts}
                for (zone, product), counts in sorted(self._zones.items(), key=lambda item: (order[item[0][0]], item))
            ],
            "days": [{"product": product, "day": day} for product, day in sorted(self._days)],
        }

    def words(self) -> str:
        if not self._zones:
            return f"NOTHING OF THE SUBJECT WAS FOUND in {self._versions} object versions"
        rows = sum(counts["rows"] for counts in self._zones.values())
        old = sum(counts["old_versions"] for counts in self._zones.values())
        return f"{rows} rows and {old} old versions in {self._versions} object versions"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
