"""Passages of a section, each with as much of what came before as may be shown."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from studio.datasets.example import CUT_SENTENCE
from studio.datasets.splits import Section
from studio.datasets.tools import Tools
from studio.domain.prompts import standing
from studio.errors import StudioError
from studio.language import _
from studio.text.clauses import Parted, parted
from studio.text.packing import Passage, Span, pack
from studio.text.passages import overlapping
from studio.text.sentences import sentences


class Cut(NamedTuple):
    """A passage. ``size`` in tokens."""

    text: str
    size: int
    before: str = ""
    flags: tuple[str, ...] = ()
    """``CUT_SENTENCE`` where it begins or ends within a sentence that is too long for one."""
    standing: str = ""
    """The passage as it is shown before the next one: with the break that it ends in."""


def passages(section: Section, tools: Tools, budget: int, overlap: int = 0) -> Iterator[Cut]:
    """Whole sentences, about ``budget`` tokens together, after at most ``overlap`` tokens of the
    passage before. A sentence that is more than twice as long as the budget is cut within."""
    found = _sentences(section, tools, budget, 2 * budget)
    packed = pack(section.text, found.spans, found.counts, budget)
    if overlap:
        packed = overlapping(packed, found.spans, found.counts, overlap)
    for passage in packed:
        whole = section.text[passage.start : passage.end]
        if text := whole.strip():
            flags = _flags(passage, found)
            yield Cut(text, passage.size, flags=flags, standing=standing(whole))


def following(section: Section, tools: Tools, budget: int, context: int) -> Iterator[Cut]:
    """Passages with what came before them, whole sentences too.

    A sentence that is longer than a passage takes the room from what comes before it, up to
    nine tenths; a longer one is cut within. The first passage follows the chapter's title.
    """
    found = _sentences(section, tools, budget, budget + min(budget, context * 9 // 10))
    for passage in pack(section.text, found.spans, found.counts, budget):
        if text := section.text[passage.start : passage.end].strip():
            room = context - max(0, passage.size - budget)
            before = _before(section, found.spans, found.counts, passage, room)
            yield Cut(text, passage.size, before, _flags(passage, found))


def _sentences(section: Section, tools: Tools, budget: int, most: int) -> Parted:
    spans = sentences(section.text)
    counts = tools.sizes(section.text, spans)
    return parted(section.text, spans, counts, tools.sizes, budget, most)


def _flags(passage: Passage, found: Parted) -> tuple[str, ...]:
    is_cut = passage.start in found.within or passage.end in found.within
    return (CUT_SENTENCE,) if is_cut else ()


def check_room(passage: int, context: int) -> None:
    """Raises StudioError when less is shown than a tenth of what is to be written."""
    if context * 10 < passage:
        raise StudioError(
            _("The passages are too long for what comes before them."),
            _("A passage of {passage} tokens would follow only {context} tokens.").format(
                passage=passage, context=context
            ),
            _("Choose shorter passages or a longer context."),
        )


def _before(
    section: Section, spans: Sequence[Span], counts: Sequence[int], passage: Passage, room: int
) -> str:
    """Whole sentences up to the passage, at most ``room`` tokens; the title where none fits."""
    index = bisect_left(spans, (passage.start, passage.start))
    first = index
    while first and counts[first - 1] <= room:
        first -= 1
        room -= counts[first]
    start = spans[first][0] if first < index else passage.start
    return standing(section.text[start : passage.start]) or section.title
