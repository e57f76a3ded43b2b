"""What parts the cells of a table in plain text, and what a quotation mark within one looks like:
not every program writes commas, and doubles the marks."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MARKS = ",;\t|"
SAMPLE = 1 << 16
"""Characters that are looked at."""
ROWS = 50

_SAID = re.compile(r'\ufeff?"?sep=(?P<mark>[^"\r\n])"?[ \t]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_ESCAPED = re.compile(r'\\"(?=[^",;\t|\r\n])')
"""No cell ends here: where marks are doubled, nothing of the kind stands in a quoted one."""
_BACKSLASH = re.compile(r'\\(?![\\",;\t|\r\n])')
"""One that escapes nothing that a table must escape."""
_BLANK = re.compile(r"[ \t;,|]*")


class Separator(NamedTuple):
    mark: str
    head: int
    """Characters at the beginning that say what the mark is and are no row."""
    escaped: bool = False
    """A backslash stands before a quotation mark within a cell."""

    def rows(self, lines: Iterable[str], strict: bool = False) -> Iterator[list[str]]:
        """The cells of each row.

        Raises:
            csv.Error: they cannot be told apart.
        """
        if not self.escaped:
            return csv.reader(lines, delimiter=self.mark, strict=strict)
        doubled = (_BACKSLASH.sub(r"\\\\", line) for line in lines)
        return csv.reader(doubled, delimiter=self.mark, escapechar="\\", strict=strict)


def found(text: str, usual: str = ",") -> Separator:
    """The mark between the cells of a table that begins like this: the one its first line names
    (``sep=;``, as Excel writes), else the one that parts most rows into as many cells as the
    first. ``usual`` is what the file's ending promises."""
    sample = text[:SAMPLE]
    escaped = bool(_ESCAPED.search(text))
    if said := _SAID.match(sample):
        return Separator(said["mark"], said.end(), escaped)
    lines = [*lines_of(sample)]
    lines = [line for line in lines[:-1] if not _BLANK.fullmatch(line.strip("\r\n"))] + lines[-1:]
    whole = lines if len(text) <= SAMPLE else lines[:-1]
    marks = sorted(MARKS, key=lambda mark: mark != usual)
    fits = {mark: _fit(whole, Separator(mark, 0, escaped)) for mark in marks}
    best = max(marks, key=fits.__getitem__)
    return Separator(best if fits[best] > (0.0, 0) else usual, 0, escaped)


def lines_of(text: str) -> Iterator[str]:
    """Lines with their ends, which only a line feed is."""
    return (line[0] for line in _LINE.finditer(text))


def _fit(lines: list[str], separator: Separator) -> tuple[float, int]:
    """The share of rows that have as many cells as the first, and how many these are."""
    widths: list[int] = []
    try:
        for row in separator.rows(lines):
            widths.append(len(row))
            if len(widths) == ROWS:
                break
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    return Counter(widths)[widths[0]] / len(widths), widths[0]
