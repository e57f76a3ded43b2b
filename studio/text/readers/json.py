"""JSON, whole or one object a line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from studio.errors import StudioError
from studio.language import _
from studio.text import encoding, tables
from studio.text.reading import ColumnOptions, Reading

LARGEST = 32 << 20
"""Bytes."""
MOST_VALUES = 1_500_000
"""Strings, lists and objects in one file: each takes up to 200 bytes in memory."""
ROWS = ("data", "chapters", "rows", "items", "examples", "train", "章节")
"""Where an object holds the rows."""


class Json:
    kind = "json"
    label = "JSON"
    endings = (".json", ".jsonl", ".ndjson")
    Spec = ColumnOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when the bytes are no JSON, or hold no text."""
        self.run(name, data, ColumnOptions())

    def run(self, name: str, data: bytes, options: ColumnOptions) -> Reading:
        """The texts of the objects, one after another.

        Raises:
            StudioError: no JSON, no text in it, no such field, or too large.
        """
        decoded = encoding.decode(name, data)
        _check_size(name, len(data), decoded.text)
        title, rows = _rows(name, decoded.text)
        names = itertools.chain.from_iterable(rows[: 5 * tables.SAMPLE])
        columns = tables.choose(name, names, rows[: tables.SAMPLE], options.column)
        reading = tables.read(name, columns, rows, decoded.encoding, decoded.told())
        return reading.model_copy(update={"title": reading.title or title})


def _check_size(name: str, size: int, text: str) -> None:
    quotes = text.count('"') - text.count('\\"')
    values = text.count("[") + text.count("{") + quotes // 2
    if size > LARGEST or values > MOST_VALUES:
        raise StudioError(
            _("“{name}” is too large.").format(name=name),
            _("It has {size} MB and {count} values; {limit} MB and {most} are allowed.").format(
                size=size >> 20, count=values, limit=LARGEST >> 20, most=MOST_VALUES
            ),
            _("Split it into several files, and import each."),
        )


def _rows(name: str, text: str) -> tuple[str, list[dict[str, Any]]]:
    """The title of the whole, where it has one, and its rows."""
    try:
        found: Any = json.loads(text)
    except RecursionError as problem:
        _refuse(name, _("lists within lists, thousands deep"), problem)
    except ValueError as problem:
        return "", [*_as_rows(_lines(name, text, problem))]
    if isinstance(found, dict):
        title = found.get("title")
        inner = next((found[key] for key in ROWS if isinstance(found.get(key), list)), None)
        if inner is None:
            inner = _transposed(found) or [found]
        return title if isinstance(title, str) and inner != [found] else "", [*_as_rows(inner)]
    return "", [*_as_rows(found if isinstance(found, list) else [found])]


def _transposed(table: dict[str, Any]) -> list[dict[str, Any]]:
    """A table that was written column by column."""
    columns = {key: value for key, value in table.items() if isinstance(value, list)}
    if not columns or len(columns) < len(table) or len({*map(len, columns.values())}) != 1:
        return []
    values = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in values]


def _lines(name: str, text: str, whole: ValueError) -> Iterator[Any]:
    """One value a line. Nothing is passed over: a broken line is an error."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    for number, line in lines:
        try:
            yield json.loads(line)
        except RecursionError as problem:
            _refuse(name, _("lists within lists, thousands deep"), problem)
        except ValueError as problem:
            said = problem if len(lines) > 1 and number > 1 else whole
            _refuse(name, _("line {number}: {problem}").format(number=number, problem=said), said)


def _as_rows(values: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Objects as they are; a bare string is a row with nothing but a text, and what is neither
    is a row without one, so that it is counted."""
    for value in values:
        if isinstance(value, dict):
            yield value
        else:
            yield {"text": value} if isinstance(value, str) else {}


def _refuse(name: str, why: str, problem: Exception) -> NoReturn:
    raise StudioError(
        _("“{name}” cannot be read as JSON.").format(name=name),
        _("It is not well formed: {why}.").format(why=why),
        _("Export it again from the program it was made with, and import that."),
    ) from problem


plugin = Json()
