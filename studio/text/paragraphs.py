"""From a block of lines to paragraphs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from studio.domain.manuscripts import Decisions, Removal
from studio.language import _
from studio.text import counting, headings, hyphens, removals
from studio.text.blocks import Block
from studio.text.characters import WIDE
from studio.text.hyphens import Break
from studio.text.layout import Layout, indent_of

_SPACES = " \u3000"
_MAY_STAND_ALONE = re.compile(
    r"[ \u3000]*(?:[#第卷上中下正【\[*＊⁂＃~～◇◆※☆★○●·•・=＝_—–\-….]|"
    r"(?:chap|letter|stave|canto|adventure|episode|book|part|volume))",
    re.IGNORECASE,
)
"""Begins every line that is a heading wherever it stands, or a scene break."""
_DASHES = ("-", "—")
_SPECIAL = re.compile(r"[-—]\n|\n[-— \u3000]")


class Paragraph(NamedTuple):
    text: str
    indent: int
    joined: int
    """Lines that were joined to its first."""
    gap: int
    """Blank lines before it; ``UNKNOWN_GAP`` where something was taken out there."""
    block: int


class Joiner:
    """Makes paragraphs of the blocks of one text, and remembers the words it mended."""

    def __init__(self, layout: Layout, blocks: Sequence[Block], decisions: Decisions) -> None:
        self.layout = layout
        self._broken = hyphens.broken_words(blocks) if layout.wrapped else frozenset()
        self._heads = self._counting(blocks)
        self._decisions = decisions
        self._mended: Counter[Break] = Counter()
        self._first: dict[Break, int] = {}

    def paragraphs(self, index: int, block: Block) -> Iterator[Paragraph]:
        lines = block.text.split("\n")
        if len(lines) == 1:
            yield self._paragraph(lines, block.gap, index)
            return
        gap = block.gap
        for piece in self._split(lines):
            yield self._paragraph(piece, gap, index)
            gap = 0

    def removals(self, place: Callable[[int], int]) -> list[Removal]:
        """The hyphens at line ends that broke a word."""
        return [self._removal(b, place(self._first[b])) for b in self._mended]

    def _removal(self, broken: Break, at: int) -> Removal:
        return Removal(
            id=_id(broken),
            kind="hyphenation",
            text="-\n".join(broken),
            at=at,
            note=_("A word broken at the end of a line"),
            count=self._mended[broken],
            removed=_id(broken) not in self._decisions.keep,
        )

    def _split(self, block: list[str]) -> Iterator[list[str]]:
        """Cut a block at headings, scene breaks and set-in first lines."""
        layout = self.layout
        if layout.line_is_paragraph:
            yield from ([line] for line in block)
            return
        suspects = [bool(_MAY_STAND_ALONE.match(line)) or self._counts(line) for line in block]
        if not layout.indent and not any(suspects):
            yield block
            return
        heads = [
            suspect and self._is_heading(line, following)
            for suspect, line, following in zip(suspects, block, [*block[1:], ""], strict=True)
        ]
        a_list = sum(heads) >= 3 and 2 * sum(heads) >= len(block)
        piece: list[str] = []
        alone = False
        for line, head, suspect in zip(block, heads, suspects, strict=True):
            stands_alone = (head and not a_list) or (suspect and headings.is_scene_break(line))
            set_in = layout.indent and layout.indent <= indent_of(line) < 20
            if piece and (stands_alone or alone or set_in):
                yield piece
                piece = []
            piece.append(line)
            alone = stands_alone
        yield piece

    def _counting(self, blocks: Sequence[Block]) -> frozenset[str]:
        """The lines that only count as headings together. Where lines were wrapped, headings
        stand between blank lines."""
        layout = self.layout
        if layout.wrapped or layout.line_is_paragraph or not any("\n" in b.text for b in blocks):
            return frozenset()
        count = sum(block.text.count("\n") + 1 for block in blocks)
        set_in = 2 * sum(map(_is_set_in, _lines(blocks))) > count
        flush = (line for line in _lines(blocks) if not (set_in and _is_set_in(line)))
        return counting.heads((line.strip(_SPACES) for line in flush), set_in)

    def _counts(self, line: str) -> bool:
        return bool(self._heads) and line.strip(_SPACES) in self._heads

    def _is_heading(self, line: str, following: str) -> bool:
        """A line that names itself a chapter, and is not merely where a sentence was wrapped."""
        if self._counts(line):
            return True
        if headings.strong(line.strip(_SPACES)) is None:
            return False
        return not (self.layout.wrapped and following and self.layout.is_full(line, following))

    def _paragraph(self, lines: list[str], gap: int, block: int) -> Paragraph:
        indent = indent_of(lines[0])
        if len(lines) == 1:
            return Paragraph(lines[0].strip(_SPACES), indent, 0, gap, block)
        if self.layout.wrapped and self.layout.is_prose(lines):
            text = self._plainly_joined(lines) or self._joined(lines, block)
            return Paragraph(text, indent, len(lines) - 1, gap, block)
        common = min(indent_of(line) for line in lines)
        kept = [_dedent(line, common) for line in lines]
        text = "\n".join([kept[0].lstrip(_SPACES), *kept[1:]])
        return Paragraph(text, indent, 0, gap, block)

    def _plainly_joined(self, lines: list[str]) -> str:
        """With a space at each line end, if all of them take one; most do."""
        text = "\n".join(lines)
        if self.layout.chinese or _SPECIAL.search(text) or WIDE.search(text):
            return ""
        return text.strip(_SPACES).replace("\n", " ")

    def _joined(self, lines: list[str], block: int) -> str:
        """One line; a space only where words need one."""
        parts = [lines[0].strip(_SPACES)]
        for line in lines[1:]:
            line = line.strip(_SPACES)
            if parts[-1].endswith("-") and self._mends(parts[-1], line, block):
                parts[-1] = parts[-1][:-1]
            else:
                parts.append(_gap(parts[-1], line, self.layout.chinese))
            parts.append(line)
        return "".join(parts)

    def _mends(self, line: str, following: str, block: int) -> bool:
        broken = hyphens.break_at(line, following)
        if broken is None or broken not in self._broken:
            return False
        self._mended[broken] += 1
        self._first.setdefault(broken, block)
        return _id(broken) not in self._decisions.keep


def _lines(blocks: Sequence[Block]) -> Iterator[str]:
    return (line for block in blocks for line in block.text.split("\n"))


def _is_set_in(line: str) -> bool:
    return line.startswith(("  ", "\u3000"))


def _id(broken: Break) -> str:
    return removals.identify("hyphenation", "-".join(broken))


def _dedent(line: str, common: int) -> str:
    own = indent_of(line) - common
    return " " * own + line.lstrip(_SPACES)


def _gap(before: str, after: str, chinese: bool) -> str:
    """Chinese runs on; so does English at a dash or hyphen that stood between two words."""
    last, first = before[-1], after[0]
    if last.isascii() and first.isascii() and last != "-" != first and not chinese:
        return " "
    if WIDE.match(last) or WIDE.match(first):
        return ""
    if chinese and not (last.isalnum() and first.isalnum()):
        return ""
    dash = last in _DASHES and before[-2:-1] not in ("", " ")
    return "" if dash or after.startswith(("--", "—")) else " "
