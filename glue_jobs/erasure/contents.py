"""What is inside an object, and the same object without some of its rows. Pure: bytes in, bytes out."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Collection, Iterator
from typing import IO, TYPE_CHECKING, Any

from glue_jobs.contracts import Landing
from glue_jobs.erasure.subjects import WORD_CHARACTERS
from glue_jobs.records import GZIP_MAGIC, FileReport, Record, open_bytes, read_records

if TYPE_CHECKING:
    import pyarrow as pa

_PARQUET_MARK = b"PAR1"
_SMALLEST_PARQUET = 12  # the mark twice, and the length of the footer
_PIECE_BYTES = 2**20
# A longer word is nobody's number or pseudonym: it may be cut anywhere as long as what is left of it stays too long.
_LONGEST_WORD = 4096
_WORD_CHARACTER = re.compile(f"[{WORD_CHARACTERS}]")
WHOLE_OBJECT = -1  # position of what can only be removed with everything around it


def delivered_rows(content: bytes, landing: Landing) -> list[Record]:
    """Return the records of a delivered file; those of a file that is not this product's come as its lines.

    :param content: plain or gzip
    :param landing: columns and dialect of the contract
    """
    report = FileReport("")
    records = list(read_records(report, open_bytes(content), landing))
    if report.problem is None:
        return [record._replace(text=_unsplit(record)) for record in records]
    nothing: list[str | None] = [None] * len(landing.columns)
    text, is_whole = _readable(content)
    if not is_whole:  # it cannot be packed again, and nothing can be made of it anyway
        return [Record(WHOLE_OBJECT, nothing, None, report.problem, text.decode("utf-8", "replace"))]
    lines = list(io.BytesIO(text))
    return [
        Record(number, nothing, None, report.problem, line.decode("utf-8", "replace"))
        for number, line in enumerate(lines, start=1)
    ]


def without_delivered_rows(content: bytes, landing: Landing, positions: Collection[int]) -> bytes | None:
    """Return a delivered file without some of its records, byte for byte the same otherwise.

    :param content: plain or gzip
    :param landing: columns and dialect of the contract
    :param positions: ``line`` of the records of :func:`delivered_rows` that go
    :return: None when nothing of it can stay
    """
    if WHOLE_OBJECT in positions:
        return None
    text, _ = _readable(content)
    lines = list(io.BytesIO(text))
    starts = sorted(record.line for record in delivered_rows(content, landing))
    # A record ends where the next one begins: a quoted field may hold line breaks.
    ends = dict(zip(starts, [*starts[1:], len(lines) + 1], strict=True))
    gone = {number for start in positions for number in range(start, ends[start])}
    kept = b"".join(line for number, line in enumerate(lines, start=1) if number not in gone)
    return gzip.compress(kept, mtime=0) if content.startswith(GZIP_MAGIC) else kept


def is_parquet(content: bytes) -> bool:
    """Tell whether bytes are a whole Parquet file: it begins and ends with its mark ("File Format" of Apache Parquet).

    :param content: an object
    """
    return len(content) >= _SMALLEST_PARQUET and content.startswith(_PARQUET_MARK) and content.endswith(_PARQUET_MARK)


def quarantined_rows(content: bytes, landing: Landing) -> list[Record]:
    """Return the rows of a quarantine file as they were delivered; the position is the number of the row.

    :param content: Parquet
    :param landing: columns of the contract
    """
    if not is_parquet(content):
        return [Record(WHOLE_OBJECT, [None] * len(landing.columns), None, None, readable_text(content))]
    found = []
    for position, text in enumerate(_table(content, ["raw"]).column("raw").to_pylist()):
        payload: dict[str, Any] = json.loads(text or "{}")
        values = [payload.get(name) for name in landing.columns]
        unsplit = " ".join(str(payload[name]) for name in ("_rescued", "_record") if payload.get(name))
        found.append(Record(position, values, None, None, unsplit or None))
    return found


def protected_rows(
    content: bytes, columns: Collection[str], is_theirs: Callable[[str, str], bool]
) -> list[tuple[int, str]]:
    """Return the rows of a published file in which a cell names somebody: number of the row, and the cell.

    :param content: Parquet
    :param columns: columns to look at; those the file does not have are left out
    :param is_theirs: tells of a column and a value whether it names one of those who are looked for
    """
    import pyarrow.parquet as pq

    source = pq.ParquetFile(io.BytesIO(content))
    known = [name for name in columns if name in source.schema_arrow.names]
    table = source.read(columns=known)
    found = {}
    for name in known:
        column = table.column(name)
        theirs = {value for value in column.unique().to_pylist() if value is not None and is_theirs(name, value)}
        if theirs:
            found.update({place: value for place, value in enumerate(column.to_pylist()) if value in theirs})
    return sorted(found.items())


def without_rows(content: bytes, positions: Collection[int]) -> bytes:
    """Return a Parquet file without some of its rows, with the same schema, compression and kind of timestamps.

    :param content: Parquet
    :param positions: numbers of the rows that go
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = pq.ParquetFile(io.BytesIO(content))
    table = source.read()
    gone = set(positions)
    kept = table.filter(pa.array([place not in gone for place in range(table.num_rows)], pa.bool_()))
    physical = {source.schema.column(place).physical_type for place in range(len(source.schema))}
    groups = source.metadata.num_row_groups
    compression = source.metadata.row_group(0).column(0).compression if groups else "SNAPPY"
    target = io.BytesIO()
    pq.write_table(
        kept,
        target,
        compression=compression if compression != "UNCOMPRESSED" else "NONE",
        # Spark writes INT96 where Athena writes INT64; readers of a table must not meet another kind than before.
        use_deprecated_int96_timestamps="INT96" in physical,
        coerce_timestamps=None if "INT96" in physical else "us",
    )
    return target.getvalue()


def readable_text(content: bytes) -> str:
    """Return the text of an object that has no rows of its own, packed or not.

    :param content: query results, reports
    """
    return _readable(content)[0].decode("utf-8", "replace")


def text_pieces(content: IO[bytes], piece_bytes: int = _PIECE_BYTES) -> Iterator[str]:
    """Yield the text of an object of any size, packed or not, in pieces that cut no word. Memory does not grow with it.

    :param content: query results, reports; read once from its beginning
    :param piece_bytes: bytes of a piece, of what is unpacked too
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    for unpacked in _unpacked(content, piece_bytes):
        text = rest + decoder.decode(unpacked)
        open_word = _length_of_last_word(text)
        if open_word > _LONGEST_WORD:
            yield text
            rest = text[-_LONGEST_WORD - 1 :]
        else:
            yield text[: len(text) - open_word]
            rest = text[len(text) - open_word :]
    yield rest + decoder.decode(b"", final=True)


def _length_of_last_word(text: str) -> int:
    """How many characters at the end belong to one word, counted as far as it matters."""
    tail = text[-_LONGEST_WORD - 1 :]
    return next((length for length, sign in enumerate(reversed(tail)) if not _WORD_CHARACTER.match(sign)), len(tail))


def _unpacked(content: IO[bytes], piece_bytes: int) -> Iterator[bytes]:
    """Yield an object in pieces, a packed one unpacked as far as it can be read."""
    packed = content.read(max(piece_bytes, len(GZIP_MAGIC)))
    if not packed.startswith(GZIP_MAGIC):
        while packed:
            yield packed
            packed = content.read(piece_bytes)
        return
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        while packed:
            yield reader.decompress(packed, piece_bytes)
            if reader.eof:
                packed = reader.unused_data or content.read(piece_bytes)
                reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
            else:
                packed = reader.unconsumed_tail or content.read(piece_bytes)
        yield reader.flush()
    except zlib.error:
        return


def _unsplit(record: Record) -> str | None:
    """Unknown columns, or the text of a record that could not be split."""
    return record.text if record.text is not None else record.rescued


def _readable(content: bytes) -> tuple[bytes, bool]:
    """Return the content unpacked as far as it can be read, and whether that is all of it."""
    if not content.startswith(GZIP_MAGIC):
        return content, True
    unpacked, packed, reader = b"", content, zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        while packed:
            unpacked += reader.decompress(packed)
            if not reader.eof:
                return unpacked, False
            packed, reader = reader.unused_data, zlib.decompressobj(16 + zlib.MAX_WBITS)
    except zlib.error:
        return unpacked, False
    return unpacked, True


def _table(content: bytes, columns: list[str]) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.ParquetFile(io.BytesIO(content)).read(columns=columns)
