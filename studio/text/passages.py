"""Cuts a text into passages of about one size, where a sentence ends if that can be."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from studio.text.clauses import Parted, parted
from studio.text.packing import Passage, Sizes, Span, pack
from studio.text.sentences import sentences, sentences_of

STRETCH = 1 << 20
"""Characters whose sentences are held at a time, if there is a paragraph's end."""
_GAP = re.compile(r"\n\n\s*")


class _Stretch(NamedTuple):
    """A section, or a part of a very long one."""

    start: int
    end: int
    is_last: bool


def cut(text: str, budget: int, sizes: Sizes) -> list[Passage]:
    """Passages that together are the text, each of whole sentences and at most ``budget`` large.

    See ``pack``. A single sentence may be up to twice as large as the budget; one that is larger
    still is cut within, see ``clauses``.
    """
    spans = sentences(text)
    found = parted(text, spans, sizes(text, spans), sizes, budget, 2 * budget)
    return pack(text, found.spans, found.counts, budget)


def of_sections(
    text: str, sections: Sequence[Span], budget: int, sizes: Sizes
) -> Iterator[list[Passage]]:
    """The passages of each section (chapter, scene) of a text, as ``cut`` makes them.

    Sections are in order, and begin and end where paragraphs do. Many are counted at a time,
    and a very long one in stretches, so that only a part of the text is held twice.
    """
    found: list[Passage] = []
    for group in _groups(text, sections):
        spans, counts, _within = _sentences(text, group, sizes, budget)
        firsts = [start for start, _end in spans]
        for stretch in group:
            a, b = bisect_left(firsts, stretch.start), bisect_left(firsts, stretch.end)
            found += pack(text, spans[a:b], counts[a:b], budget)
            if stretch.is_last:
                yield found
                found = []


def _sentences(text: str, group: Sequence[_Stretch], sizes: Sizes, budget: int) -> Parted:
    start, end = group[0].start, group[-1].end
    spans = list(sentences_of(text, start, end))
    counts = sizes(text[start:end], [(a - start, b - start) for a, b in spans]) if spans else []
    return parted(text, spans, counts, sizes, budget, 2 * budget)


def _groups(text: str, sections: Sequence[Span]) -> Iterator[list[_Stretch]]:
    """Neighbouring stretches, up to about STRETCH characters together."""
    group: list[_Stretch] = []
    for stretch in (s for start, end in sections for s in _stretches(text, start, end)):
        if group and stretch.end - group[0].start > STRETCH:
            yield group
            group = []
        group.append(stretch)
    if group:
        yield group


def _stretches(text: str, start: int, end: int) -> Iterator[_Stretch]:
    while end - start > STRETCH and (gap := _GAP.search(text, start + STRETCH // 2, end)):
        if gap.end() == end:
            break
        yield _Stretch(start, gap.end(), False)
        start = gap.end()
    yield _Stretch(start, end, True)


def overlapping(
    passages: Sequence[Passage], spans: Sequence[Span], sizes: Sequence[int], overlap: int
) -> list[Passage]:
    """Each passage begun earlier by as many whole sentences of the one before as are together
    at most ``overlap`` large. ``spans`` and ``sizes`` are those the passages were packed from.
    """
    result = list(passages[:1])
    for previous, passage in itertools.pairwise(passages):
        index = bisect_left(spans, (passage.start, passage.start))
        start, room = passage.start, overlap
        while spans[index - 1][0] > previous.start and sizes[index - 1] <= room:
            index -= 1
            start, room = spans[index][0], room - sizes[index]
        result.append(Passage(start, passage.end, passage.size + overlap - room))
    return result
