"""Paragraphs, headings and scene breaks, put together to the text of a reading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from studio.language import _, n_
from studio.text import headings

SCENE_BREAK = "* * *"
RARE = 5
"""Paragraphs to each blank line, from which on blank lines part scenes and not paragraphs."""
NAMED = 8
"""Names in one note."""
SENTENCE = 60
"""Cells. A table whose cells hold at least as much on average is prose laid out in columns."""

_EDGES = " \t\n\u3000\u00a0"
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_WIDE = re.compile(r"[\u2e80-\uffef]")
_HEADING_LINES = re.compile(r"\s*\n\s*|\s{2,}")


class Block(NamedTuple):
    kind: Literal["paragraph", "heading", "break", "blank"]
    text: str = ""


class Blocks:
    """Collects what a reader finds, in order. ``text()`` has a blank line between blocks."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []

    def paragraph(self, text: str) -> None:
        """Lines within it stay; the spaces at their edges go. Without any text, a blank line."""
        lines = [line.strip(_EDGES) for line in text.strip(_EDGES).split("\n")]
        whole = "\n".join(line for line in lines if line)
        if not whole:
            self.blank()
        elif headings.is_scene_break(whole):
            self._blocks.append(Block("break", whole))
        else:
            self._blocks.append(Block("paragraph", whole))

    def heading(self, text: str, level: int) -> None:
        """A heading of level 1 to 6; on one line, whatever it was."""
        title = _HEADING_LINES.sub(" ", text.strip(_EDGES))
        if title:
            self._blocks.append(Block("heading", f"{'#' * min(max(level, 1), 6)} {title}"))

    def scene_break(self) -> None:
        self._blocks.append(Block("break", SCENE_BREAK))

    def blank(self) -> None:
        """An empty paragraph, which parts two scenes where such lines are rare."""
        self._blocks.append(Block("blank"))

    def __iter__(self) -> Iterator[Block]:
        return iter(self._blocks)

    def extend(self, others: Blocks) -> None:
        self._blocks += others._blocks

    @property
    def ends_in_heading(self) -> bool:
        return bool(self._blocks) and self._blocks[-1].kind == "heading"

    @property
    def is_empty(self) -> bool:
        return all(block.kind == "blank" for block in self._blocks)

    def prose(self) -> str:
        """All words of it on one line, as a note or a cell of a table is read."""
        return " ".join(b.text.replace("\n", " ") for b in self._blocks if b.kind != "blank")

    def text(self) -> str:
        blocks = _numbered([b for b in self._parted() if b.kind != "blank"])
        return readable("\n\n".join(b.text for b in blocks))

    def notes(self) -> tuple[str, ...]:
        """What to tell the writer of blank lines that became scene breaks."""
        count = sum(b.kind == "break" for b in self._parted())
        count -= sum(b.kind == "break" for b in self._blocks)
        if not count:
            return ()
        note = n_(
            "{count} blank line was read as the end of a scene.",
            "{count} blank lines were read as the ends of scenes.",
            count,
        )
        return (note.format(count=count),)

    def _parted(self) -> list[Block]:
        """With the blank lines between two paragraphs as scene breaks, if they are rare."""
        single = [b for i, b in enumerate(self._blocks) if b.kind != "blank" or i == 0
                  or self._blocks[i - 1].kind != "blank"]  # fmt: skip
        inner = {
            i
            for i in range(1, len(single) - 1)
            if [b.kind for b in single[i - 1 : i + 2]] == ["paragraph", "blank", "paragraph"]
        }
        paragraphs = sum(b.kind == "paragraph" for b in single)
        if RARE * len(inner) > paragraphs:
            return single
        return [Block("break", SCENE_BREAK) if i in inner else b for i, b in enumerate(single)]


def _numbered(blocks: list[Block]) -> list[Block]:
    """With what says a chapter's number and nothing else, right above its title, as the beginning
    of that heading: a line, or a heading of the same level."""
    places = {
        place: found for place in range(len(blocks)) if (found := _number_above(blocks, place))
    }
    bare = [found.number or 0 for found in places.values() if found.kind == "bare"]
    if len(bare) == 1 or any(b not in (a + 1, 1) for a, b in pairwise(bare)):  # numbers of pages
        places = {place: found for place, found in places.items() if found.kind != "bare"}
    return [
        _under(blocks[place - 1], block) if place - 1 in places else block
        for place, block in enumerate(blocks)
        if place not in places
    ]


def _number_above(blocks: list[Block], place: int) -> headings.Heading | None:
    line, *below = blocks[place : place + 2]
    if not below or below[0].kind != "heading" or line.kind not in ("paragraph", "heading"):
        return None
    marks, title = _parts(below[0])
    if line.kind == "heading" and _parts(line)[0] != marks:
        return None
    if (says := headings.read(title)) and (says.kind == "special" or headings.named(title)):
        return None
    is_listed = place and blocks[place - 1].kind == line.kind and _number_of(blocks[place - 1])
    return None if is_listed else _number_of(line)


def _number_of(line: Block) -> headings.Heading | None:
    """The number of a chapter that is all that a line says."""
    found = headings.read(_parts(line)[1])
    is_number = found and found.number and not found.titled and found.kind in ("chapter", "bare")
    return found if is_number else None


def _parts(block: Block) -> tuple[str, str]:
    """The marks of a heading and its words; a paragraph has no marks."""
    marks, _space, title = block.text.partition(" ")
    return (marks, title) if block.kind == "heading" else ("", block.text)


def _under(line: Block, heading: Block) -> Block:
    marks, title = _parts(heading)
    return Block("heading", f"{marks} {_parts(line)[1]} {title}")


def readable(text: str) -> str:
    """The text without halves of characters, which no file could hold."""
    return _SURROGATE.sub("\ufffd", text)


def is_prose(cells: list[str]) -> bool:
    """A table is prose when its cells hold sentences."""
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and sum(map(cells_of, filled)) >= SENTENCE * len(filled)


def cells_of(text: str) -> int:
    """How wide a text is, where a Chinese character counts for two letters."""
    return len(text) + len(_WIDE.findall(text))


def named(note: str, names: Sequence[str]) -> tuple[str, ...]:
    """A note with its ``{names}`` filled in; none where there are none."""
    return (note.format(names=listed(names)),) if names else ()


def listed(names: Iterable[str]) -> str:
    """Names in a row, the first of them if they are many, and how many more there are."""
    shown = [*names]
    more = _(" and {count} more").format(count=len(shown) - NAMED) if len(shown) > NAMED else ""
    return ", ".join(shown[:NAMED]) + more
