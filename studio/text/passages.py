"""Cuts a text into passages of about one size, only ever where a sentence ends."""

from __future__ import annotations

import itertools
import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from studio.text.sentences import sentences, sentences_of

STRETCH = 1 << 20
"""Characters whose sentences are held at a time, if there is a paragraph's end."""
_GAP = re.compile(r"\n\n\s*")

Span = tuple[int, int]
Sizes = Callable[[str, Sequence[Span]], Sequence[int]]
"""The size (tokens, characters) of each span of a text."""


class Passage(NamedTuple):
    """``text[start:end]``; ``size`` in what the budget counts."""

    start: int
    end: int
    size: int


class _Stretch(NamedTuple):
    """A section, or a part of a very long one."""

    start: int
    end: int
    is_last: bool


def cut(text: str, budget: int, sizes: Sizes) -> list[Passage]:
    """Passages that together are the text, each of whole sentences and at most ``budget`` large.

    They come out about equally long, so that no scrap is left at the end, and rather end with
    a paragraph than within one. Only a single sentence larger than the budget exceeds it.
    """
    spans = sentences(text)
    return pack(text, spans, sizes(text, spans), budget)


def of_sections(
    text: str, sections: Sequence[Span], budget: int, sizes: Sizes, overlap: int = 0
) -> Iterator[list[Passage]]:
    """The passages of each section (chapter, scene) of a text, as ``cut`` makes them.

    Sections are in order, and begin and end where paragraphs do. Many are counted at a time,
    and a very long one in stretches, so that only a part of the text is held twice.
    """
    found: list[Passage] = []
    for group in _groups(text, sections):
        spans = list(sentences_of(text, group[0].start, group[-1].end))
        counts = _counts(text, spans, sizes)
        firsts = [start for start, _end in spans]
        for stretch in group:
            a, b = bisect_left(firsts, stretch.start), bisect_left(firsts, stretch.end)
            packed = pack(text, spans[a:b], counts[a:b], budget)
            found += overlapping(packed, spans, counts, overlap) if overlap else packed
            if stretch.is_last:
                yield found
                found = []


def _counts(text: str, spans: Sequence[Span], sizes: Sizes) -> Sequence[int]:
    if not spans:
        return []
    first = spans[0][0]
    part = text[first : spans[-1][1]]
    return sizes(part, [(start - first, end - first) for start, end in spans])


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


def pack(text: str, spans: Sequence[Span], sizes: Sequence[int], budget: int) -> list[Passage]:
    """Join neighbouring spans into passages; see ``cut``."""
    total = sum(sizes)
    target = total / max(1, math.ceil(total / budget))
    result: list[Passage] = []
    start, size = (spans[0][0] if spans else 0), 0
    for (begin, end), own in zip(spans, sizes, strict=True):
        if size and size + own > budget:
            result.append(Passage(start, begin, size))
            start, size = begin, 0
        size += own
        paragraph_ends = text.endswith("\n\n", begin, end)
        if size >= target or (paragraph_ends and size >= 0.85 * target):
            result.append(Passage(start, end, size))
            start, size = end, 0
    if size or (spans and start < spans[-1][1]):
        result.append(Passage(start, spans[-1][1], size))
    return result


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
