"""Reads tables from a stream of bytes, row by row, in memory that does not grow with them."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from studio.datasets.json_rows import LARGEST, broken, lines_of, values_of
from studio.datasets.rows import MOST_COLUMNS, Broken, Row, checked
from studio.language import _
from studio.text import separators
from studio.text.encoding import decode

SAMPLE = 1 << 18
BATCH = 64
"""Rows of a Parquet file that are in memory at once."""
LARGEST_FOOTER = 16 << 20
LARGEST_CHUNK = 400 << 20
STEEPEST = 200
"""A column that unpacks to more than ``LARGEST_CHUNK`` bytes, and this many times its size, is
a trap."""


def is_table(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in READERS


def read(name: str, stream: BinaryIO) -> Iterator[Row]:
    """The rows of a table, each judged by itself. The kind is told by the ending of ``name``.

    Raises:
        StudioError: it is no table of its kind.
    """
    reader = READERS[PurePosixPath(name).suffix.lower()]
    for number, fields in enumerate(reader(name, stream), 1):
        yield checked(name, number, fields)


def _comma(name: str, stream: BinaryIO) -> Iterator[Any]:
    return _separated(name, stream, ",")


def _tab(name: str, stream: BinaryIO) -> Iterator[Any]:
    return _separated(name, stream, "\t")


def _separated(name: str, stream: BinaryIO, usual: str) -> Iterator[dict[str, str] | Broken]:
    csv.field_size_limit(LARGEST)
    separator, lines = _separator(_text_lines(name, stream), usual)
    rows = separator.rows(lines, strict=True)
    number = 0
    try:
        header = _header(name, next(rows, []))
        for found in rows:
            number += 1
            # Prose of a single column, which nobody quoted, is one cell.
            cells = [separator.mark.join(found)] if len(header) == 1 and found else found
            more = cells[len(header) :]
            if any(cell.strip() for cell in more):
                why = _("It has {count} cells, the first line names {names}.")
                yield Broken(why.format(count=len(cells), names=len(header)))
            elif any(cells):
                yield dict(zip(header, cells, strict=False))
    except csv.Error as error:
        why = _("Behind row {number}, the library says: {why}.")
        raise broken(name, why.format(number=number, why=error)) from error


def _separator(lines: Iterator[str], usual: str) -> tuple[separators.Separator, Iterator[str]]:
    """What parts the cells, and the lines from the header on."""
    head, size = [], 0
    for line in lines:
        head.append(line)
        size += len(line)
        if size > separators.SAMPLE:
            break
    sample = "".join(head)
    found = separators.found(sample, usual)
    rest = separators.lines_of(sample[found.head :]) if found.head else head
    return found, chain(rest, lines)


def _header(name: str, cells: list[str]) -> list[str]:
    """The names of the columns, without the empty ones behind them that spreadsheets write."""
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    _check_header(name, cells)
    return cells


def _check_header(name: str, header: list[str]) -> None:
    if len(header) > MOST_COLUMNS:
        why = _("It has {count:,} columns; {most:,} are the most.")
        raise broken(name, why.format(count=len(header), most=MOST_COLUMNS))
    names = [column.strip() for column in header]
    if twice := sorted(
        {column or "?" for column in names if names.count(column) > 1 or not column}
    ):
        why = _("Its first line must name each column once: {names}.")
        raise broken(name, why.format(names=", ".join(twice)))


def _text_lines(name: str, stream: BinaryIO) -> Iterator[str]:
    """Lines that end where a line feed does: a quoted cell may hold any other break. Where there
    is none at all, they end as on an old Macintosh."""
    sample = stream.read(SAMPLE)
    end = "\r" if b"\r" in sample and b"\n" not in sample else "\n"
    encoding = _encoding(name, sample)
    decoder = codecs.getincrementaldecoder(encoding)()
    held, number = "", 0
    try:
        for block in chain([sample], iter(lambda: stream.read(SAMPLE), b"")):
            *lines, held = (held + decoder.decode(block)).split(end)
            yield from (line + "\n" for line in lines)
            number += len(lines)
            if len(held) > LARGEST:
                raise broken(name, _("It has a line without an end."))
        held += decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line = 1 + number + _before(error, end, encoding)
        why = _("Not all of it is written in {encoding}: line {line} is not.")
        why = why.format(encoding=encoding.removesuffix("-sig").upper(), line=line)
        raise broken(name, why) from error
    if held:
        yield held


def _before(error: UnicodeDecodeError, end: str, encoding: str) -> int:
    """Ends of lines in what was read at once with what could not be."""
    read = error.object[: error.start].decode(encoding, errors="replace")
    return read.count(end)


def _encoding(name: str, sample: bytes) -> str:
    """As the beginning tells, up to the end of a line: half a character misleads."""
    wide = sample[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    end = sample.rfind(b"\n") + 1 if len(sample) == SAMPLE and not wide else 0
    found = decode(name, sample[: end or len(sample)]).encoding if sample else "utf-8"
    return "utf-8-sig" if found == "utf-8" else found


def _parquet(name: str, stream: BinaryIO) -> Iterator[dict[str, Any]]:
    import pyarrow
    from pyarrow.parquet import ParquetFile

    _check_footer(name, stream)
    try:
        # Not buffered in advance: a column is read as it is needed, not a file at once.
        file = ParquetFile(
            stream,
            buffer_size=SAMPLE,
            pre_buffer=False,
            thrift_string_size_limit=LARGEST_FOOTER,
            thrift_container_size_limit=1_000_000,
            arrow_extensions_enabled=False,
        )
        _check_columns(name, file)
        for batch in file.iter_batches(BATCH, use_threads=False):
            yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise broken(name, _("The library says: {why}.").format(why=why)) from error


def _check_footer(name: str, stream: BinaryIO) -> None:
    """The file's own description comes last; one of no believable size is not unpacked."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - 8))
    end = stream.read(8)
    stream.seek(0)
    if len(end) < 8 or end[4:] != b"PAR1":
        raise broken(name, _("It does not end like a Parquet file."))
    if int.from_bytes(end[:4], "little") > LARGEST_FOOTER:
        raise broken(name, _("Its description of itself is far too long."))


def _check_columns(name: str, file: Any) -> None:
    if len(file.schema_arrow.names) > MOST_COLUMNS:
        why = _("It has {count:,} columns; {most:,} are the most.")
        raise broken(name, why.format(count=len(file.schema_arrow.names), most=MOST_COLUMNS))
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            whole, packed = column.total_uncompressed_size, column.total_compressed_size
            if whole > LARGEST_CHUNK and whole > STEEPEST * packed:
                raise broken(name, _("It unpacks to far more than it should."))


Reader = Callable[[str, BinaryIO], Iterator[Any]]
READERS: dict[str, Reader] = {
    ".jsonl": lines_of,
    ".ndjson": lines_of,
    ".json": values_of,
    ".csv": _comma,
    ".tsv": _tab,
    ".parquet": _parquet,
}
