"""Tables in plain text, one row a line."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator

from studio.errors import StudioError
from studio.language import _
from studio.text import encoding, separators, tables
from studio.text.reading import ColumnOptions, Reading

LARGEST = 48 << 20
"""Bytes."""
MOST_SEPARATORS = 300_000
"""In one line. That many commas of prose fill fifteen megabytes."""

_STOPS = (".", "!", "?", "。", "！", "？", "”", "」")


class Csv:
    kind = "csv"
    label = "Table (CSV)"
    endings = (".csv", ".tsv")
    Spec = ColumnOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when the bytes are no text, or no column holds any."""
        _columns(name, _decoded(name, data).text, "")

    def run(self, name: str, data: bytes, options: ColumnOptions) -> Reading:
        """The rows of the column with the prose, one after another.

        Raises:
            StudioError: no text, no such column, or too large.
        """
        decoded = _decoded(name, data)
        columns, header = _columns(name, decoded.text, options.column)
        rows = _rows(name, decoded.text, header)
        return tables.read(name, columns, rows, decoded.encoding, decoded.told())


def _decoded(name: str, data: bytes) -> encoding.Decoded:
    if len(data) > LARGEST:
        raise StudioError(
            _("“{name}” is too large.").format(name=name),
            _("It has {size} MB, and a table may have {limit}.").format(
                size=len(data) >> 20, limit=LARGEST >> 20
            ),
            _("Split it into several files, and import each."),
        )
    decoded = encoding.decode(name, data)
    plain = decoded.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return decoded._replace(text=plain)


def _columns(name: str, text: str, wanted: str) -> tuple[tables.Columns, list[str]]:
    """The columns to read, and the names of all in their order (empty without a header)."""
    first = next(_cells(name, text), [])
    header = first if _is_header(first) else []
    sample = itertools.islice(_rows(name, text, header), tables.SAMPLE)
    names = header or _numbered(first)
    return tables.choose(name, names, sample, wanted), header


def _is_header(cells: list[str]) -> bool:
    """Names are short and no sentences."""
    return all(len(cell) <= 64 and not cell.strip().endswith(_STOPS) for cell in cells)


def _rows(name: str, text: str, header: list[str]) -> Iterator[tables.Row]:
    cells = _cells(name, text)
    if header:
        next(cells)
    mark = _separator(name, text).mark
    for found in cells:
        # Prose of a single column, which nobody quoted, is one cell.
        row = [mark.join(found)] if len(header) == 1 else found
        names = header if len(header) >= len(row) else [*header, *_numbered(row)[len(header) :]]
        yield dict(zip(names, row, strict=False))


def _numbered(row: list[str]) -> list[str]:
    return [_("column {number}").format(number=n) for n in range(1, len(row) + 1)]


def _cells(name: str, text: str) -> Iterator[list[str]]:
    csv.field_size_limit(LARGEST)
    separator = _separator(name, text)
    try:
        for row in separator.rows(_lines(text[separator.head :], separator.mark)):
            if any(row):
                yield row
    except csv.Error as problem:
        raise StudioError(
            _("“{name}” cannot be read as a table.").format(name=name),
            _("Its rows and columns cannot be told apart: {problem}.").format(problem=problem),
            _("Open it in a spreadsheet, save it as CSV in UTF-8, and import that."),
        ) from problem


def _separator(name: str, text: str) -> separators.Separator:
    return separators.found(text, "\t" if name.lower().endswith(".tsv") else ",")


def _lines(text: str, separator: str) -> Iterator[str]:
    for line in separators.lines_of(text):
        if line.count(separator) > MOST_SEPARATORS:
            raise csv.Error(f"more than {MOST_SEPARATORS} columns")
        yield line


plugin = Csv()
