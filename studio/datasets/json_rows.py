"""Rows of JSON files of any length: one a line, a list, or a list under ``data``."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from studio.datasets.rows import Broken
from studio.errors import StudioError
from studio.language import _

BLOCK = 1 << 18
LARGEST = 16 << 20
"""Bytes of one row, or of one value beside the rows."""
_SPACE = " \t\r\n\ufeff"


def lines_of(name: str, stream: BinaryIO) -> Iterator[Any]:
    """The values of a JSON Lines file; a line that holds none is told as one."""
    number = 0
    while line := stream.readline(LARGEST + 1):
        number += 1
        if len(line) > LARGEST:
            raise broken(name, _("Line {number} has no end.").format(number=number))
        if line.strip():
            try:
                yield json.loads(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                why = _("Line {number}: {error}.").format(number=number, error=_reason(error))
                yield Broken(why)


def values_of(name: str, stream: BinaryIO) -> Iterator[Any]:
    """The rows of a .json file: a list, ``{"data": [...]}``, or several values after another."""
    text = _Text(name, stream)
    first = text.peek()
    if first == "[":
        yield from text.items()
    elif first == "{":
        yield from _of_object(name, text)
    elif first:
        raise broken(name, _("It begins with {first}.").format(first=repr(first)))


def _of_object(name: str, text: _Text) -> Iterator[Any]:
    """A first object that closes is a row, and so is what follows it; one that holds ``data``
    is read as it comes, however long."""
    text.skip("{")
    fields: dict[str, Any] = {}
    around = False
    while text.peek() not in ("}", ""):
        key = text.value()
        text.skip(":")
        if key == "data" and text.peek() == "[":
            yield from text.items()
            around = True
        else:
            fields[str(key)] = text.value()
        if text.peek() != "}":
            text.skip(",")
    text.skip("}")
    if not around:
        yield fields
    elif text.peek():
        raise broken(name, _("More follows after its rows."))
    while text.peek():
        yield text.value()


class _Text:
    """A decoded stream, read value by value."""

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self._name = name
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder()
        self._held = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """The next character that is no space; nothing at the end."""
        while True:
            while self._at < len(self._held) and self._held[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._held):
                return self._held[self._at]
            if self._ended:
                return ""
            self._read(BLOCK)

    def skip(self, mark: str) -> None:
        if self.peek() != mark:
            raise broken(
                self._name,
                _("“{mark}” was expected where “{found}” stands.").format(
                    mark=mark, found=self._held[self._at : self._at + 20]
                ),
            )
        self._at += 1

    def items(self) -> Iterator[Any]:
        """The values of a list."""
        self.skip("[")
        while self.peek() != "]":
            yield self.value()
            if self.peek() != "]":
                self.skip(",")
        self.skip("]")

    def value(self) -> Any:
        """The next value, read until it is whole."""
        self.peek()
        more = BLOCK
        while True:
            try:
                found, end = self._json.raw_decode(self._held, self._at)
                if end < len(self._held) or self._ended:
                    self._at = end
                    return found
            except RecursionError as error:
                raise broken(self._name, _reason(error)) from error
            except ValueError as error:
                if self._ended or len(self._held) - self._at > LARGEST:
                    raise broken(self._name, _reason(error)) from error
            self._read(more)
            more *= 2

    def _read(self, size: int) -> None:
        raw = self._stream.read(size)
        self._ended = not raw
        try:
            fresh = self._decoder.decode(raw, final=self._ended)
        except UnicodeDecodeError as error:
            raise broken(self._name, _reason(error)) from error
        self._held, self._at = self._held[self._at :] + fresh, 0


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return _("it is nested too deep")
    if isinstance(error, UnicodeDecodeError):
        return _("it is not written in UTF-8")
    return str(error)


def broken(name: str, why: str) -> StudioError:
    """What a person is told of a table that cannot be read."""
    return StudioError(
        _("The table “{name}” cannot be read.").format(name=name),
        why,
        _("Save it again as JSON Lines, CSV or Parquet, then try again."),
    )
