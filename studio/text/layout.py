"""How a text is set: where its lines were broken, and how its paragraphs begin."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from studio.text.blocks import Block
from studio.text.characters import WIDE, cells

PROSE_WIDTH = 100
"""Cells. No program wraps wider, so that longer lines are whole paragraphs."""
SAMPLE = 250_000
"""Characters, evenly taken from the whole text, by which it is judged."""

_SENTENCE_END = tuple(".!?:;…。！？：；”’\"'」』)）")
_WORD = re.compile(r"[\u2e80-\ua4cf\uf900-\ufaff\uff00-\uff60]|[^\s\u2e80-\ua4cf]+")
_INDENTS = " \u3000"


class Layout(NamedTuple):
    """Widths in cells (a Chinese character has two)."""

    width: int
    wrapped: bool
    line_is_paragraph: bool
    indent: int
    """By which the first lines of paragraphs are set in; 0 where they are not."""
    chinese: bool
    cells: Callable[[str], int]

    def is_full(self, line: str, following: str) -> bool:
        """The next line's first word would not have fitted on this one."""
        limit, size = 0.95 * self.width - 1, self.cells(line)
        if size + 1 > limit:
            return True
        word = _WORD.search(following)
        gap = 0 if WIDE.match(line[-1]) else 1
        return size + gap + (cells(word[0]) if word else 0) > limit

    def runs_on(self, line: str, following: str) -> bool:
        if self.is_full(line, following):
            return True
        begun = following.lstrip()[:1].islower() and not line.endswith(_SENTENCE_END)
        return begun and self.cells(line) >= 0.7 * self.width

    def is_prose(self, lines: Sequence[str]) -> bool:
        """Most lines run on in the next."""
        pairs = len(lines) - 1
        full = sum(size >= 0.95 * self.width - 1 for size in map(self.cells, lines[:-1]))
        if 2 * full >= pairs:
            return True
        return 2 * sum(itertools.starmap(self.runs_on, itertools.pairwise(lines))) >= pairs


def indent_of(line: str) -> int:
    if line[:1] not in _INDENTS:
        return 0
    return cells(line[: len(line) - len(line.lstrip(_INDENTS))])


def judge(blocks: Sequence[Block]) -> Layout:
    """The layout of a text, from a sample of its blocks."""
    step = 1 + sum(len(block.text) for block in blocks) // SAMPLE
    sample = [block.text.split("\n") for block in blocks[::step]]
    several = [lines for lines in sample if len(lines) > 1]
    measure = cells if any(WIDE.search(block.text) for block in blocks[::step]) else len
    inner = sorted(measure(line) for lines in several for line in lines[:-1])
    if not inner or _size(several) < 0.3 * _size(sample):
        return Layout(0, False, False, 0, False, measure)
    width = inner[int(len(inner) * 0.95)]
    layout = Layout(width, False, False, 0, False, measure)
    pairs = [pair for lines in several for pair in itertools.pairwise(lines)]
    running = sum(layout.runs_on(a, b) for a, b in pairs)
    wider = sum(len(line) for lines in sample for line in lines if measure(line) > 1.2 * width)
    fitting = 40 <= width <= PROSE_WIDTH and wider < 0.1 * _size(sample)
    wrapped = fitting and running >= 0.6 * len(pairs)
    chinese = sum(bool(WIDE.match(a[-1]) or WIDE.match(b.lstrip()[0])) for a, b in pairs)
    return layout._replace(
        wrapped=wrapped,
        line_is_paragraph=not wrapped and width > PROSE_WIDTH,
        indent=_first_indent(several),
        chinese=2 * chinese > len(pairs),
    )


def _size(blocks: Sequence[Sequence[str]]) -> int:
    return sum(len(line) for lines in blocks for line in lines)


def _first_indent(several: Sequence[Sequence[str]]) -> int:
    """Cells by which most blocks set in their first line, and it alone."""
    firsts = sorted(indent_of(lines[0]) - indent_of(lines[1]) for lines in several)
    middle = firsts[len(firsts) // 2]
    if middle >= 2:
        return middle
    # One block of many paragraphs: their first lines are set in, the others are flush.
    indents = [indent_of(line) for lines in several for line in lines]
    set_in = sorted(i for i in indents if i >= 2)
    enough = 0.05 * len(indents) <= len(set_in) <= 0.6 * len(indents)
    return set_in[len(set_in) // 2] if enough and len(indents) > 8 * len(several) else 0
