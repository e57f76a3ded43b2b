"""A raw text as blocks: lines with no blank one between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from studio.text.characters import normalise

PIECE = 1 << 20
"""Characters that are normalised at a time, so that a long text is never held twice for it."""
_GAP = re.compile(r"\n(?:[ \u3000]*\n)+")
_RAW_GAP = re.compile(r"\n(?:[ \t\r\u3000]*\n)+")
_BLANK_LINES = re.compile(r"(?:[ \u3000]*\n)+")
_LINE_END = re.compile(r"[ \u3000]+\n")
UNKNOWN_GAP = -1


class Block(NamedTuple):
    text: str
    gap: int
    """Blank lines before it; ``UNKNOWN_GAP`` where something was taken out there."""

    @property
    def first(self) -> str:
        return self.text.partition("\n")[0]

    @property
    def last(self) -> str:
        return self.text.rpartition("\n")[2]


def blocks_of(raw: str) -> list[Block]:
    """The blocks of a text, its characters normalised and its lines without trailing spaces."""
    return [block for piece in _pieces(raw) for block in _blocks(normalise(piece))]


def _pieces(raw: str) -> Iterator[str]:
    start = 0
    while len(raw) - start > PIECE and (gap := _RAW_GAP.search(raw, start + PIECE)):
        yield raw[start : gap.end()]
        start = gap.end()
    yield raw[start:]


def _blocks(text: str) -> Iterator[Block]:
    start, gap = 0, 0
    for blank in _GAP.finditer(text):
        if block := _block(text[start : blank.start()], gap):
            yield block
        start, gap = blank.end(), blank[0].count("\n") - 1
    if block := _block(text[start:], gap):
        yield block


def _block(text: str, gap: int) -> Block | None:
    text = text.rstrip(" \u3000\n")
    if blank := _BLANK_LINES.match(text):
        text = text[blank.end() :]
    if "\n" in text:
        text = _LINE_END.sub("\n", text)
    return Block(text, gap) if text else None
