"""One row of somebody's table, and what a loader gives: rows as they come and where from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from studio.errors import StudioError
from studio.language import _

MOST_COLUMNS = 1000
DEEPEST = 50
SHOWN = 60
"""Characters of a value that an error shows."""


class Broken(NamedTuple):
    """What a file holds in the place of a row."""

    why: str


class Row(NamedTuple):
    """``number`` counts from 1 within ``file``."""

    file: str
    number: int
    fields: dict[str, Any]
    wrong: str = ""
    """Why it cannot be used, where it is no row at all; its fields are empty then."""

    @property
    def place(self) -> str:
        return _("row {number} of “{file}”").format(number=self.number, file=self.file)


@dataclass(frozen=True)
class Rows:
    """``origin`` says what the rows are, to the byte: the commit of a repository, and the
    sha256 of each file (or the Hub's own id of its content)."""

    origin: dict[str, Any]
    rows: Iterator[Row]

    def __iter__(self) -> Iterator[Row]:
        return self.rows


def checked(file: str, number: int, fields: Any) -> Row:
    """The row, with what is ``wrong`` where it cannot be used: no record of named fields, nested
    too deep, or with what is no text (a NUL, half of a character).

    Raises:
        StudioError: it has more columns than a table has.
    """
    if isinstance(fields, Broken):
        return Row(file, number, {}, fields.why)
    if not isinstance(fields, dict):
        why = _("It is {value}, not named fields.").format(value=shown(fields))
        return Row(file, number, {}, why)
    if len(fields) > MOST_COLUMNS:
        raise unusable(
            file,
            number,
            _("It has {count:,} columns; {most:,} are the most.").format(
                count=len(fields), most=MOST_COLUMNS
            ),
        )
    for column, value in fields.items():
        if why := _unsound(str(column), 0) or _unsound(value, 0):
            told = _("The column “{column}” {why}.").format(column=printable(column), why=why)
            return Row(file, number, {}, told)
    return Row(file, number, fields)


def _unsound(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return _unsound_text(value)
    if depth > DEEPEST:
        return _("is nested too deep")
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple):
        return next(filter(None, (_unsound(each, depth + 1) for each in value)), "")
    return ""


def _unsound_text(text: str) -> str:
    if "\0" in text:
        return _("holds a NUL character, which is no text")
    try:
        text.encode()
    except UnicodeEncodeError:
        return _("holds half of a character (a lone surrogate), which is no text")
    return ""


def is_nothing(value: Any) -> bool:
    """Whether a cell is empty, in any of the ways in which programs write that."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value != value or value in ([], {}, ())


def unusable(file: str, number: int, why: str) -> StudioError:
    """What a person is told of a row that cannot be used."""
    return StudioError(
        _("Row {number} of “{file}” cannot be used.").format(number=number, file=file),
        why,
        _("Correct the row or take it out, then try again."),
    )


def shown(value: Any) -> str:
    """The beginning of a value, for an error."""
    text = printable(value if isinstance(value, str) else repr(value))
    return f"“{text if len(text) <= SHOWN else text[:SHOWN] + '…'}”"


def printable(text: str) -> str:
    """With halves of characters written out."""
    return text.encode("utf-8", "backslashreplace").decode()
