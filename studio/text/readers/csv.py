"""Tables in plain text, one row a line."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from typing import NamedTuple

from studio.errors import StudioError
from studio.language import _
from studio.text import composition, encoding, separators, tables
from studio.text.reading import ColumnOptions, Reading

LARGEST = 48 << 20
"""Bytes."""
MOST_SEPARATORS = 300_000
"""In one line. That many commas of prose fill fifteen megabytes."""

_STOPS = (".", "!", "?", "。", "！", "？", "”", "」")

MOST_ABOVE = 5
"""Rows with a title that a table may have above the names of its columns."""


class _Head(NamedTuple):
    names: list[str]
    """Of all columns, in their order; none without a header."""
    above: list[str]
    """What stands above them."""


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
        columns, head = _columns(name, decoded.text, options.column)
        rows = _rows(name, decoded.text, head)
        above = composition.named(_("Left out above the table: {names}."), head.above)
        return tables.read(name, columns, rows, decoded.encoding, (*decoded.told(), *above))


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


def _columns(name: str, text: str, wanted: str) -> tuple[tables.Columns, _Head]:
    """The columns to read, and what stands above the rows."""
    first = [*itertools.islice(_cells(name, text), MOST_ABOVE + 2)]
    head = _head(first)
    sample = itertools.islice(_rows(name, text, head), tables.SAMPLE)
    names = head.names or _numbered(first[0] if first else [])
    return tables.choose(name, names, sample, wanted), head


def _head(rows: list[list[str]]) -> _Head:
    """A row with a single cell is the title of a table whose names stand in the next one."""
    above: list[str] = []
    last: list[str] = []
    for row, following in zip(rows, [*rows[1:], last], strict=False):
        filled = [cell for cell in row if cell.strip()]
        is_title = len(filled) == 1 < len(row) and filled[0].strip().lower() not in tables.TEXTS
        names = [cell for cell in following if cell.strip()]
        are_names = _is_header(following) and not any(c.strip().isdigit() for c in names)
        if not (is_title and are_names and _is_header(row) and len(above) < MOST_ABOVE):
            if above and len(filled) < 2:  # lines of prose in one column, and no titles
                row, above = rows[0], []
            return _Head(_distinct(row) if _is_header(row) else [], above)
        above += filled
    return _Head([], [])


def _is_header(cells: list[str]) -> bool:
    """Names are short and no sentences."""
    return all(len(cell) <= 64 and not cell.strip().endswith(_STOPS) for cell in cells)


def _distinct(names: list[str]) -> list[str]:
    """The names of columns, with one for each that has none or that of another."""
    numbered = _numbered(names)
    return [
        name if name.strip() and name not in names[:place] else numbered[place]
        for place, name in enumerate(names)
    ]


def _rows(name: str, text: str, head: _Head) -> Iterator[tables.Row]:
    header = head.names
    cells = itertools.islice(_cells(name, text), len(head.above) + bool(header), None)
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
