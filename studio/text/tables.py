"""Rows and columns that hold prose: which column it is, and how rows become a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from studio.errors import StudioError
from studio.language import _
from studio.text import composition
from studio.text.reading import Reading

Row = Mapping[str, object]

TEXTS = ("text", "content", "body", "story", "正文", "内容", "內容", "文本")
"""Names of the column with the prose, the likeliest first."""
TITLES = ("chapter_title", "chapter", "title", "heading", "章节", "章節", "标题", "標題")
MOST_COLUMNS = 10_000
LARGEST_TEXT = 100 << 20
"""Characters of all rows together."""
SAMPLE = 200
"""Rows looked at when the names of the columns say nothing."""


class Columns(NamedTuple):
    text: str
    title: str
    """Empty where no column holds titles."""
    others: tuple[str, ...]


def choose(name: str, names: Iterable[str], sample: Iterable[Row], wanted: str) -> Columns:
    """The columns to read: the one wanted, one with a known name, or that of the longest words.

    Raises:
        StudioError: there is no such column, none that holds words, or far too many.
    """
    names = [*dict.fromkeys(names)]
    if len(names) > MOST_COLUMNS:
        raise StudioError(
            _("“{name}” cannot be read as a table.").format(name=name),
            _("It has {count} columns; {limit} are allowed.").format(
                count=len(names), limit=MOST_COLUMNS
            ),
            _("Keep the column with the text, and import that."),
        )
    plain = {column.strip().lower(): column for column in reversed(names)}
    text = wanted if wanted in names else ""
    if not wanted:
        text = next((plain[t] for t in TEXTS if t in plain), "") or _longest(sample)
    if not text:
        raise StudioError(
            _("“{name}” has no column with a text.").format(name=name),
            _("It has these columns: {columns}.").format(columns=_listed(names) or _("none")),
            _("Name the column that holds the prose “text”, and import the file again."),
        )
    title = next((plain[t] for t in TITLES if t in plain and plain[t] != text), "")
    return Columns(text, title, tuple(n for n in names if n not in (text, title)))


def read(
    name: str, columns: Columns, rows: Iterable[Row], encoding: str, notes: tuple[str, ...] = ()
) -> Reading:
    """One text of all rows: a heading wherever the title changes, else paragraphs.

    Raises:
        StudioError: the rows hold more text than a manuscript may have.
    """
    pieces: list[str] = []
    titles: list[str] = []
    size = empty = 0
    known = {columns.text, columns.title, *columns.others}
    more: dict[str, None] = {}
    for row in rows:
        if not row.keys() <= known:
            more |= dict.fromkeys(name for name in row if name not in known)
        text = _whole(row.get(columns.text))
        if not isinstance(text, str) or not text.strip():
            empty += 1
            continue
        size += len(text)
        if size > LARGEST_TEXT:
            _refuse(name)
        title = " ".join(str(row.get(columns.title) or "").split()) if columns.title else ""
        if title and title != (titles or [""])[-1]:
            titles.append(title)
            pieces.append(f"# {title}")
        pieces.append(text.strip("\r\n"))
    only = titles[0] if len(titles) == 1 else ""
    return Reading(
        text=composition.readable("\n\n".join(pieces[1:] if only else pieces)),
        encoding=encoding,
        title=composition.readable(only),
        notes=(*notes, *_notes(columns, [*columns.others, *more], empty)),
    )


def _whole(value: object) -> object:
    """A text that is written as a list of its paragraphs."""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return "\n\n".join(value)
    return value


def _notes(columns: Columns, unread: Sequence[str], empty: int) -> Iterator[str]:
    yield _("The text was taken from the column “{column}”.").format(column=columns.text)
    if unread:
        yield _("Columns that were not read: {columns}.").format(columns=_listed(unread))
    if empty:
        yield _("{count} rows have no text.").format(count=empty)


def _longest(sample: Iterable[Row]) -> str:
    """The column with the most words; empty when no column holds any."""
    lengths: dict[str, int] = {}
    for row in sample:
        for column, value in row.items():
            if isinstance(value, str):
                lengths[column] = lengths.get(column, 0) + len(value)
    return max(lengths, key=lambda column: lengths[column], default="")


def _listed(names: Iterable[str]) -> str:
    return composition.readable(composition.listed(name[:60] for name in names))


def _refuse(name: str) -> None:
    raise StudioError(
        _("“{name}” is too large.").format(name=name),
        _("Its rows hold more than {size} million characters.").format(size=LARGEST_TEXT >> 20),
        _("Split it into several files, and import each."),
    )
