"""From a file's lines to paragraphs: one line each, a blank line between them, two where a
scene ends.

Lines that a program broke at a fixed width are joined; verse, lists and scene breaks keep
their lines. What is no prose of the author's is taken out, listed, and can be put back.
Cleaning a cleaned text changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from studio.domain.manuscripts import Decisions, Removal
from studio.language import _
from studio.text import layout, removals, scenes
from studio.text.blocks import Block, blocks_of
from studio.text.paragraphs import Joiner, Paragraph

NO_DECISIONS = Decisions()
SCENE_GAP = "\n\n\n"
"""Between paragraphs where a scene ends without a mark."""


class Cleaned(NamedTuple):
    text: str
    centred: frozenset[int]
    """Offsets of paragraphs that stood far in from the margin, as centred titles do."""
    notes: tuple[str, ...]
    removals: tuple[Removal, ...] = ()


def clean(raw: str, decisions: Decisions = NO_DECISIONS) -> Cleaned:
    """The paragraphs of a raw text, joined by blank lines; deterministic and idempotent.

    ``decisions`` put back what is taken out by itself, or take out what is only offered.
    """
    found, paragraphs = _once(blocks_of(raw), decisions)
    # What was verse beside wrapped prose could look wrapped once the prose is joined; going on
    # until nothing changes makes cleaning idempotent. Each turn only joins and takes out.
    while not _is_stable(again := _as_blocks(paragraphs), decisions):
        changed, paragraphs = _once(again, decisions)
        found = Cleaned(changed.text, frozenset(), found.notes, _moved(found, changed))
    return found


def _as_blocks(paragraphs: Sequence[Paragraph]) -> list[Block]:
    """What reading the cleaned text would find."""
    breaks = scenes.unmarked(paragraphs)
    gaps = (2 if i in breaks else min(i, 1) for i in range(len(paragraphs)))
    return [Block(p.text, gap) for p, gap in zip(paragraphs, gaps, strict=True)]


def _is_stable(blocks: Sequence[Block], decisions: Decisions) -> bool:
    """Cleaning them again would change nothing."""
    left, judged = removals.take_out(blocks, decisions)
    if any(j.removed for j in judged):
        return False
    several = [(i, block) for i, block in enumerate(left) if "\n" in block.text]
    joiner = Joiner(layout.judge(left), left, decisions)
    return all([p.text for p in joiner.paragraphs(i, b)] == [b.text] for i, b in several)


def _moved(found: Cleaned, again: Cleaned) -> tuple[Removal, ...]:
    known = {removal.id for removal in found.removals}
    end = len(again.text)
    moved = [r.model_copy(update={"at": min(r.at, end)}) for r in found.removals]
    return (*moved, *(r for r in again.removals if r.id not in known))


def _once(found: list[Block], decisions: Decisions) -> tuple[Cleaned, list[Paragraph]]:
    blocks, judged = removals.take_out(found, decisions)
    joiner = Joiner(layout.judge(blocks), blocks, decisions)
    paragraphs = [p for i, block in enumerate(blocks) for p in joiner.paragraphs(i, block)]
    text, offsets = _join(paragraphs)
    starts = [p.block for p in paragraphs]
    listed = [j.removal(_offset(j.block, starts, offsets, len(text))) for j in judged]
    listed += joiner.removals(lambda block: _offset(block, starts, offsets, len(text)))
    count = sum(p.joined for p in paragraphs)
    notes = (_("{count} wrapped lines were joined.").format(count=count),) if count else ()
    listed.sort(key=_place)
    return Cleaned(text, _centred(paragraphs, offsets), notes, tuple(listed)), paragraphs


def _place(removal: Removal) -> int:
    return removal.at


def _join(paragraphs: Sequence[Paragraph]) -> tuple[str, list[int]]:
    """The text, and where each paragraph begins in it."""
    breaks = scenes.unmarked(paragraphs)
    parts: list[str] = []
    offsets: list[int] = []
    offset = 0
    for index, paragraph in enumerate(paragraphs):
        gap = SCENE_GAP if index in breaks else "\n\n" if index else ""
        offset += len(gap)
        offsets.append(offset)
        parts += (gap, paragraph.text)
        offset += len(paragraph.text)
    return "".join(parts), offsets


def _offset(block: int, starts: Sequence[int], offsets: Sequence[int], end: int) -> int:
    place = bisect_left(starts, block)
    return offsets[place] if place < len(offsets) else end


def _centred(paragraphs: Sequence[Paragraph], offsets: Sequence[int]) -> frozenset[int]:
    usual = sorted(p.indent for p in paragraphs)[len(paragraphs) // 2] if paragraphs else 0
    return frozenset(
        offset
        for paragraph, offset in zip(paragraphs, offsets, strict=True)
        if paragraph.indent >= usual + 8 and "\n" not in paragraph.text
    )
