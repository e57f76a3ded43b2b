"""Page numbers and running heads that a text has from its pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from studio.language import _
from studio.text import headings
from studio.text.blocks import Block
from studio.text.finding import Finding

FEWEST = 4
"""Pages that count on before their numbers are believed to be such."""
INTERRUPTED = 0.3
"""Share of the pages that end amid a sentence, as chapters never do."""
LONGEST = 80
LARGEST_STEP = 3
_DIGIT = re.compile(r"\d")
_BARE = re.compile(r"[-–—\[(（·.\s]{0,4}(\d{1,4})[-–—\])）·.\s]{0,4}")
_NAMED = re.compile(
    r"[-–—\[(（·\s]{0,4}(?:(?:page|pg\.|p\.)\s?(\d{1,4})(?:\s?(?:of|/)\s?\d{1,5})?"
    r"|第\s?(\d{1,4})\s?页(?:[\s/，,]{0,3}共\s?\d{1,5}\s?页)?)[-–—\])）·\s]{0,4}",
    re.IGNORECASE,
)
_BEFORE_HEAD = re.compile(r"(\d{1,4})[\s|·.—-]{1,20}(\D.{1,60})")
_AFTER_HEAD = re.compile(r"(\D.{0,60}?)[\s|·.—-]{1,20}(\d{1,4})")
_ENDS = tuple(".!?…:;。！？：；”’\"'」』）)")


class _Mark(NamedTuple):
    """A line that may be the edge of a page."""

    block: int
    line: int
    number: int
    head: str
    """What stands beside the number; empty for a number alone."""
    named: bool
    """It says itself that it is a page."""


def find(blocks: Sequence[Block]) -> Iterator[Finding]:
    """Numbers that count the pages, as one finding, and each running head as another."""
    series = _series(_marks(blocks))
    if len(series) < FEWEST:
        return
    cut = {mark: _is_cut(blocks, mark) for mark in series}
    named = sum(mark.named for mark in series)
    if sum(cut.values()) < INTERRUPTED * len(series) and 2 * named < len(series):
        return
    heads = _heads(blocks, series)
    edges = {(m.block, m.line) for m in series} | {p for ps in heads.values() for p in ps}
    bridges = frozenset(_after(blocks, mark, edges) for mark in series if cut[mark])
    text = "\n".join(_line(blocks, mark.block, mark.line) for mark in series)
    lines = _grouped((mark.block, mark.line) for mark in series)
    yield Finding("page-numbers", _("Page numbers"), text, lines, len(series), bridges=bridges)
    for head, places in heads.items():
        note = _("A line that stands at the top or foot of every page")
        yield Finding("running-head", note, head, _grouped(places), len(places))


def _grouped(places: Iterable[tuple[int, int]]) -> dict[int, frozenset[int]]:
    found: dict[int, frozenset[int]] = {}
    for block, line in places:
        found[block] = found.get(block, frozenset()) | {line}
    return found


def _marks(blocks: Sequence[Block]) -> list[_Mark]:
    found: list[_Mark] = []
    for index, block in enumerate(blocks):
        short = len(block.text) <= LONGEST or "\n" in block.text
        if short and _DIGIT.search(block.text):
            found += _marks_of(index, block.text)
    heads = Counter(mark.head for mark in found)
    return [mark for mark in found if not mark.head or heads[mark.head] >= FEWEST - 1]


def _marks_of(index: int, text: str) -> Iterator[_Mark]:
    for number, raw in enumerate(text.split("\n")):
        line = raw.strip(" \u3000")
        if len(line) > LONGEST or not (line[:1].isdigit() or line[-1:].isdigit() or len(line) < 30):
            continue
        if mark := _mark(index, number, line):
            yield mark


def _mark(index: int, number: int, line: str) -> _Mark | None:
    if found := _BARE.fullmatch(line):
        return _Mark(index, number, int(found[1]), "", False)
    if found := _NAMED.fullmatch(line):
        return _Mark(index, number, int(found[1] or found[2]), "", True)
    if headings.strong(line):
        return None
    if found := _BEFORE_HEAD.fullmatch(line):
        return _Mark(index, number, int(found[1]), found[2], False)
    if found := _AFTER_HEAD.fullmatch(line):
        return _Mark(index, number, int(found[2]), found[1], False)
    return None


def _series(marks: Sequence[_Mark]) -> list[_Mark]:
    """The longest run of marks that count on; a page or two may lack its number."""
    best: dict[int, tuple[int, int]] = {}
    previous: list[int] = []
    longest, end = 0, -1
    for place, mark in enumerate(marks):
        before = [best[n] for n in range(mark.number - LARGEST_STEP, mark.number) if n in best]
        length, at = max(before, default=(0, -1))
        previous.append(at)
        best[mark.number] = (length + 1, place)
        if length + 1 > longest:
            longest, end = length + 1, place
    found = []
    while end >= 0:
        found.append(marks[end])
        end = previous[end]
    return found[::-1]


def _line(blocks: Sequence[Block], block: int, line: int) -> str:
    return blocks[block].text.split("\n")[line].strip(" \u3000")


def _neighbour(blocks: Sequence[Block], block: int, line: int, step: int) -> tuple[int, int] | None:
    """The line before or after, blank ones left out."""
    if 0 <= line + step <= blocks[block].text.count("\n"):
        return block, line + step
    if not 0 <= block + step < len(blocks):
        return None
    return block + step, 0 if step > 0 else blocks[block + step].text.count("\n")


def _is_cut(blocks: Sequence[Block], mark: _Mark) -> bool:
    """The page ends amid a sentence, and another follows."""
    before = _neighbour(blocks, mark.block, mark.line, -1)
    after = _neighbour(blocks, mark.block, mark.line, 1)
    if not before or not after:
        return False
    line = _line(blocks, *before)
    if len(line) < LONGEST and headings.read(line):
        further = _neighbour(blocks, *before, -1)
        line = _line(blocks, *further) if further else line
    return len(line) >= 10 and not line.endswith(_ENDS)


def _heads(blocks: Sequence[Block], series: list[_Mark]) -> dict[str, list[tuple[int, int]]]:
    """Lines beside page numbers that come again and again, and where they stand."""
    places: dict[str, list[tuple[int, int]]] = {}
    for mark in series:
        for step in (-1, 1):
            place = _neighbour(blocks, mark.block, mark.line, step)
            if place and len(line := _line(blocks, *place)) <= LONGEST and not line.endswith(_ENDS):
                places.setdefault(line, []).append(place)
    often = max(FEWEST - 1, len(series) // 10)
    repeated = {line: found for line, found in places.items() if len(found) >= often}
    # The first of them may be the heading that the others repeat.
    return {line: found[1:] if headings.strong(line) else found for line, found in repeated.items()}


def _after(blocks: Sequence[Block], mark: _Mark, edges: set[tuple[int, int]]) -> int:
    """The block in which the prose goes on, if it is another than the one that was cut."""
    before = _beyond(blocks, mark, edges, -1)
    after = _beyond(blocks, mark, edges, 1)
    return after if before != after else -1


def _beyond(blocks: Sequence[Block], mark: _Mark, edges: set[tuple[int, int]], step: int) -> int:
    place: tuple[int, int] | None = (mark.block, mark.line)
    while place and place in edges:
        place = _neighbour(blocks, *place, step)
    return place[0] if place else -1
