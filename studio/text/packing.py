"""Joins neighbouring spans of a text into passages of about one size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

Span = tuple[int, int]
Sizes = Callable[[str, Sequence[Span]], Sequence[int]]
"""The size (tokens, characters) of each span of a text."""


class Passage(NamedTuple):
    """``text[start:end]``; ``size`` in what the budget counts."""

    start: int
    end: int
    size: int


def pack(text: str, spans: Sequence[Span], sizes: Sequence[int], budget: int) -> list[Passage]:
    """Passages of whole spans, which together are the same text.

    They come out about equally large, so that no scrap is left at the end, and rather end with
    a paragraph than within one. Only a single span larger than the budget exceeds it.
    """
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
