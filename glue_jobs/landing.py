"""The delivered files of a day as one DataFrame: each file is read whole by one task, line by line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType, StructField, StructType

from glue_jobs.contracts import Landing
from glue_jobs.records import FileReport, Record, open_bytes, read_records

if TYPE_CHECKING:
    import pyarrow as pa

FILE, LINE, RESCUED, PROBLEM, TEXT = "_file", "_line", "_rescued", "_problem", "_text"
_META = (FILE, LINE, RESCUED, PROBLEM, TEXT)
_REPORT = "file_report"  # value of PROBLEM in the one row per file that carries its report
_BATCH_RECORDS = 10_000
_BATCH_BYTES = 16 * 2**20


def parse_files(spark: SparkSession, source: str, landing: Landing) -> DataFrame:
    """Return every record of every non-empty file below a folder, plus one row per file with its report.

    The delivered columns carry their header names; the columns of this module start with an underscore.

    :param spark: session
    :param source: folder of the day
    :param landing: columns and dialect of the contract
    """
    files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(source)
    return files.select("path", "content").mapInArrow(_file_parser(landing), delivered_schema(landing))


def delivered_schema(landing: Landing) -> StructType:
    """Return the columns of delivered records: text by header name, and the columns of this module.

    :param landing: columns of the contract
    """
    fields = [StructField(name, StringType()) for name in (*landing.columns, *_META)]
    return StructType([StructField(LINE, LongType()) if field.name == LINE else field for field in fields])


def file_reports(parsed: DataFrame) -> list[FileReport]:
    """Collect the report of each file, by name.

    :param parsed: result of :func:`parse_files`
    """
    rows = parsed.where(F.col(PROBLEM) == _REPORT).select(TEXT).collect()
    return sorted((FileReport(**json.loads(row[0])) for row in rows), key=lambda report: report.file)


def delivered_records(parsed: DataFrame, refused: list[str]) -> DataFrame:
    """Return the records of the files that are not refused as a whole.

    :param parsed: result of :func:`parse_files`
    :param refused: URIs of refused files
    """
    is_record = F.col(PROBLEM).isNull() | (F.col(PROBLEM) != _REPORT)
    return parsed.where(is_record & ~F.col(FILE).isin(refused)) if refused else parsed.where(is_record)


def _file_parser(landing: Landing) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for path, content in zip(batch.column(0), batch.column(1), strict=True):
                yield from _parse_file(path.as_py(), memoryview(content.as_buffer()), landing)

    return parse


def _parse_file(path: str, content: memoryview, landing: Landing) -> Iterator[pa.RecordBatch]:
    report = FileReport(path)
    records: list[Record] = []
    size = 0
    for record in read_records(report, open_bytes(content), landing):
        records.append(record)
        size += len(record.text or "")
        if len(records) >= _BATCH_RECORDS or size >= _BATCH_BYTES:
            yield to_batch([path] * len(records), records, landing.columns)
            records, size = [], 0
    records.append(Record(0, [None] * len(landing.columns), None, _REPORT, report.to_json()))
    yield to_batch([path] * len(records), records, landing.columns)


def to_batch(files: list[str], records: list[Record], columns: Iterable[str]) -> pa.RecordBatch:
    """Return records as a batch of :func:`delivered_schema`.

    :param files: URI of the file of each record
    :param records: the records
    :param columns: delivered columns, in the order of the records' values
    """
    import pyarrow as pa

    text = pa.string()
    names = list(columns)
    values = zip(*(record.values for record in records), strict=True) if records else [[] for _ in names]
    arrays = [pa.array(column, text) for column in values]
    arrays.append(pa.array(files, text))
    arrays.append(pa.array([record.line for record in records], pa.int64()))
    arrays.append(pa.array([record.rescued for record in records], text))
    arrays.append(pa.array([record.problem for record in records], text))
    arrays.append(pa.array([record.text for record in records], text))
    return pa.RecordBatch.from_arrays(arrays, names=[*names, *_META])
