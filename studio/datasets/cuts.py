"""Passages of a section, each with as much of what came before as may be shown."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from studio.datasets.example import Skipped
from studio.datasets.splits import Section
from studio.datasets.tools import Tools
from studio.errors import StudioError
from studio.language import _
from studio.text.passages import Passage, Span, pack
from studio.text.sentences import sentences


class Cut(NamedTuple):
    """A passage. ``size`` in tokens."""

    text: str
    size: int
    before: str = ""


def pieces(section: Section, tools: Tools, budget: int) -> Iterator[Cut]:
    """Passages of whole sentences, about ``budget`` tokens each."""
    spans = sentences(section.text)
    for passage in pack(section.text, spans, tools.sizes(section.text, spans), budget):
        if text := section.text[passage.start : passage.end].strip():
            yield Cut(text, passage.size)


def fitting(section: Section, tools: Tools, budget: int) -> Iterator[Cut | Skipped]:
    """Passages, without those of a single sentence that is more than twice too long."""
    for cut in pieces(section, tools, budget):
        yield cut if cut.size <= 2 * budget else Skipped("too_long")


def following(section: Section, tools: Tools, budget: int, context: int) -> Iterator[Cut | Skipped]:
    """Passages with what came before them, whole sentences too.

    A single sentence that is longer than a passage takes the room from what comes before it.
    The first passage follows the chapter's title.
    """
    spans = sentences(section.text)
    counts = tools.sizes(section.text, spans)
    for passage in pack(section.text, spans, counts, budget):
        text = section.text[passage.start : passage.end].strip()
        room = context - max(0, passage.size - budget)
        if not text:
            continue
        if room < context / 10:
            yield Skipped("too_long")
            continue
        yield Cut(text, passage.size, _before(section, spans, counts, passage, room))


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
    return section.text[start : passage.start].strip() or section.title
