"""Find the rows of people in every version of every object, on all workers: one task reads one object at a time."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import IO, TYPE_CHECKING, Any

import pandas as pd
from py4j.protocol import Py4JJavaError
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from glue_jobs.conform import COPIES, RAW, RESCUED_COLUMN, SOURCE_FILE, SOURCE_LINE, add_typed_columns
from glue_jobs.contracts import Contract, Landing
from glue_jobs.erasure import contents
from glue_jobs.erasure.subjects import Subjects
from glue_jobs.erasure.versions import (
    DELIVERED,
    PROTECTED,
    QUARANTINED,
    QUERY_RESULT,
    REPORT,
    Version,
    open_version,
    read,
)
from glue_jobs.landing import FILE, LINE, PROBLEM, RESCUED, TEXT
from glue_jobs.problems import JobProblem
from glue_jobs.records import Record
from glue_jobs.storage import client

if TYPE_CHECKING:
    import pyarrow as pa

_META = f"{FILE} string, {LINE} bigint, {RESCUED} string, {PROBLEM} string, {TEXT} string"
_FOUND = "number int, position bigint, cell string"
_BATCH_ROWS = 10_000
SLICES_PER_CORE = 2  # objects differ in size
# Rows of an object in which somebody was found: position, and the published cell if that told.
Finder = Callable[[IO[bytes]], list[tuple[int, str | None]]]


class ObjectNotSearched(JobProblem):
    """An object could not be read or judged; nothing was changed because of this search."""


@dataclass(frozen=True)
class Found:
    """What was found in one version of an object.

    :param version: the version
    :param positions: rows in it, see ``contents``; empty for objects without rows
    :param pseudonyms: published cells that named somebody
    """

    version: Version
    positions: tuple[int, ...]
    pseudonyms: frozenset[str]


def columns_of_domain(contract: Contract, domain: str) -> tuple[str, ...]:
    """Return the columns of a product that name people of a domain.

    :param contract: the compiled contract
    :param domain: domain of the masking
    """
    return tuple(
        column.name for column in contract.columns if column.masking is not None and column.masking.domain == domain
    )


def readings(spark: SparkSession, contract: Contract, domain: str, texts: Collection[str]) -> set[str]:
    """Return what a contract makes of texts in its columns of a domain: the values that name people when published.

    :param spark: session
    :param contract: the compiled contract
    :param domain: domain of the masking
    :param texts: what a request says
    """
    given = [None, "", *texts]  # what becomes of nothing names nobody
    found: set[str] = set()
    for column in contract.columns:
        if column.source is None or column.masking is None or column.masking.domain != domain:
            continue

        @F.pandas_udf("string")
        def value(numbers: pd.Series) -> pd.Series:  # so that the texts are in no query plan
            return pd.Series([given[number] for number in numbers], dtype=object)

        delivered = [
            (value(F.col(LINE)) if name == column.source else F.lit(None).cast("string")).alias(name)
            for name in contract.landing.columns
        ]
        nothing = [F.lit(None).cast("string").alias(name) for name in (FILE, RESCUED, PROBLEM, TEXT)]
        records = spark.range(len(given)).withColumnRenamed("id", LINE)
        records = records.select(*delivered, *nothing, LINE, F.lit(1).alias(COPIES))
        typed = add_typed_columns(records, contract, date(1970, 1, 1))
        read_as = dict(typed.select(SOURCE_LINE, F.col(column.name).cast("string")).collect())
        found |= set(read_as.values()) - {None, "", read_as[0], read_as[1]}
    return found


def search(
    spark: SparkSession, versions: list[Version], contracts: dict[str, Contract], subjects: Subjects
) -> list[Found]:
    """Find everybody of the request in the given versions.

    :param spark: session
    :param versions: what to look through
    :param contracts: contract by product
    :param subjects: who is looked for
    """
    rows: dict[int, list[tuple[int, str | None]]] = {}
    numbered = list(enumerate(versions))
    for product, contract in contracts.items():
        own = [(number, version) for number, version in numbered if version.product == product]
        clear = [(number, version) for number, version in own if version.kind in (DELIVERED, QUARANTINED)]
        protected = [(number, version) for number, version in own if version.kind == PROTECTED]
        _collect(rows, clear, _search_clear(spark, clear, contract, subjects))
        _collect(rows, protected, _search_whole(spark, protected, _protected_finder(contract, subjects)))
    results = [(number, version) for number, version in numbered if version.kind == QUERY_RESULT]
    reports = [(number, version) for number, version in numbered if version.kind == REPORT]
    _collect(rows, results, _search_whole(spark, results, _text_finder(subjects.is_mentioned)))
    # Numbers in reports are counts: a clear number there would be found by chance. Pseudonyms are not.
    _collect(rows, reports, _search_whole(spark, reports, _text_finder(subjects.is_told_by_pseudonym)))
    return [
        Found(
            versions[number],
            tuple(sorted({position for position, _ in found})),
            frozenset(cell for _, cell in found if cell),
        )
        for number, found in sorted(rows.items())
    ]


def _collect(
    rows: dict[int, list[tuple[int, str | None]]], searched: list[tuple[int, Version]], found: DataFrame | None
) -> None:
    if found is None:
        return
    try:
        collected = found.collect()
    except Py4JJavaError as error:
        if "worker exited unexpectedly" not in str(error):
            raise  # the message of the worker names the object
        largest = sorted((version for _, version in searched), key=lambda version: -version.size)[:3]
        raise ObjectNotSearched(
            f"A worker ended while it searched {len(searched)} object version(s), most likely for want of memory. The "
            f"largest of them: {'; '.join(map(str, largest))}. A delivered or published object must fit into a worker: "
            "give the job larger workers, or split the object, and start again."
        ) from error
    for row in collected:
        rows.setdefault(row["number"], []).append((row["position"], row["cell"]))


def _search_clear(
    spark: SparkSession, versions: list[tuple[int, Version]], contract: Contract, subjects: Subjects
) -> DataFrame | None:
    """Delivered and quarantined rows: the contract's own expressions read the value that names somebody."""
    if not versions:
        return None
    delivered = ", ".join(f"`{name.replace('`', '``')}` string" for name in contract.landing.columns)
    records = _objects(spark, versions).mapInArrow(_row_reader(contract.landing), f"{delivered}, {_META}")
    # The day only matters for expressions that name it; none of a person does.
    typed = add_typed_columns(records.withColumn(COPIES, F.lit(1)), contract, date(1970, 1, 1))
    # As the contract reads it, and as it was delivered: what a contract cannot read still names somebody.
    named = [column for column in contract.columns if column.name in columns_of_domain(contract, subjects.domain)]
    cells = [F.col(column.name) for column in named]
    cells += [F.col(RAW).getField(name) for name in sorted({column.source for column in named if column.source})]
    theirs = _any_of(_tester(subjects.has_value), cells)
    mentioned = _tester(subjects.is_mentioned)(F.coalesce(F.col(TEXT), F.col(RESCUED_COLUMN)))
    return typed.where(theirs | mentioned).select(
        F.col(SOURCE_FILE).cast("int").alias("number"),
        F.col(SOURCE_LINE).alias("position"),
        F.lit(None).cast("string").alias("cell"),
    )


def _search_whole(spark: SparkSession, versions: list[tuple[int, Version]], find: Finder) -> DataFrame | None:
    """Published files and texts: each is judged by itself."""
    if not versions:
        return None

    def look(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for number, version in _numbered(batches):
            with _named(version):
                content = open_version(client(), version)
                found = find(content) if content is not None else []
            numbers = pa.array([number] * len(found), pa.int32())
            positions = pa.array([position for position, _ in found], pa.int64())
            cells = pa.array([cell for _, cell in found], pa.string())
            yield pa.RecordBatch.from_arrays([numbers, positions, cells], names=["number", "position", "cell"])

    return _objects(spark, versions).mapInArrow(look, _FOUND)


def _objects(spark: SparkSession, versions: list[tuple[int, Version]]) -> DataFrame:
    rows = [(number, found.bucket, found.key, found.version_id, found.kind, found.size) for number, found in versions]
    schema = "number int, bucket string, key string, version_id string, kind string, size bigint"
    slices = min(len(rows), SLICES_PER_CORE * spark.sparkContext.defaultParallelism)
    return spark.createDataFrame(spark.sparkContext.parallelize(rows, slices), schema)


def _numbered(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, Version]]:
    for batch in batches:
        for row in batch.to_pylist():
            where = (row["bucket"], row["key"], row["version_id"])
            yield row["number"], Version("", "", *where, False, row["kind"], row["size"])


@contextmanager
def _named(version: Version) -> Iterator[None]:
    """Let every failure say at which object it happened."""
    try:
        yield
    except Exception as error:
        raise ObjectNotSearched(f"{version} cannot be searched: {type(error).__name__}.") from error


def _row_reader(landing: Landing) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    readers = {DELIVERED: contents.delivered_rows, QUARANTINED: contents.quarantined_rows}

    def read_rows(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for number, version in _numbered(batches):
            with _named(version):
                content = read(client(), version)
                records = readers[version.kind](content, landing) if content is not None else []
            for start in range(0, len(records), _BATCH_ROWS):
                yield _batch(number, records[start : start + _BATCH_ROWS], landing)

    return read_rows


def _batch(number: int, records: list[Record], landing: Landing) -> pa.RecordBatch:
    import pyarrow as pa

    text = pa.string()
    arrays = [pa.array(values, text) for values in zip(*(record.values for record in records), strict=True)]
    arrays += [
        pa.array([str(number)] * len(records), text),
        pa.array([record.line for record in records], pa.int64()),
        pa.array([record.rescued for record in records], text),
        pa.array([record.problem for record in records], text),
        pa.array([record.text for record in records], text),
    ]
    return pa.RecordBatch.from_arrays(arrays, names=[*landing.columns, FILE, LINE, RESCUED, PROBLEM, TEXT])


def _protected_finder(contract: Contract, subjects: Subjects) -> Finder:
    columns = columns_of_domain(contract, subjects.domain)

    def is_theirs(column: str, value: str) -> bool:
        return subjects.has_cell(value) if column in columns else subjects.is_mentioned(value)

    def find(content: IO[bytes]) -> list[tuple[int, str | None]]:
        whole = content.read()
        if not contents.is_parquet(whole):  # left by a run that broke off, or put there by somebody
            return _text_finder(subjects.is_mentioned)(io.BytesIO(whole))
        found = contents.protected_rows(whole, (*columns, RESCUED_COLUMN), is_theirs)
        return [(position, cell if subjects.has_cell(cell) else None) for position, cell in found]

    return find


def _text_finder(is_told: Callable[[str], bool]) -> Finder:
    def find(content: IO[bytes]) -> list[tuple[int, str | None]]:
        with closing(content):  # the rest of a text that is told is not read
            told = any(map(is_told, contents.text_pieces(content)))
        return [(contents.WHOLE_OBJECT, None)] if told else []

    return find


def _any_of(test: Callable[[SparkColumn], SparkColumn], columns: list[SparkColumn]) -> SparkColumn:
    found = F.lit(False)
    for column in columns:
        found = found | test(column)
    return found


def _tester(test: Callable[[str], bool]) -> Callable[[SparkColumn], SparkColumn]:
    @F.pandas_udf("boolean")
    def holds(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        known: dict[Any, bool] = {}  # people repeat
        for batch in batches:
            for value in batch.dropna().unique():
                if value not in known:
                    known[value] = test(value)
            yield pd.Series([known.get(value, False) for value in batch], dtype=bool)

    return holds  # type: ignore[no-any-return]
