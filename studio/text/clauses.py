"""Cuts a sentence that is far too long: at a clause, else between words, else anywhere."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from studio.text.packing import Sizes, Span, pack

_WIDE = r"\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60"
CLAUSE = re.compile(r"(?:[、，；：]|[,;:](?=\s)|[—–]+|--+)[」』”’）》〉】\"')\]]*\s*|\n\s*")
WORD = re.compile(rf"\s+|[{_WIDE}](?=[{_WIDE}])")
"""Chinese writes no spaces, so that every character may end a word."""


class Parted(NamedTuple):
    """Sentences, and parts of those that were too long, with their sizes.

    ``within`` are the ends of parts that are not the end of a sentence.
    """

    spans: list[Span]
    counts: list[int]
    within: frozenset[int]


def parted(
    text: str, spans: Sequence[Span], counts: Sequence[int], sizes: Sizes, budget: int, most: int
) -> Parted:
    """The spans, those larger than ``most`` cut into parts of at most ``budget``. Together they
    are the same text."""
    whole = Parted(list(spans), list(counts), frozenset())
    if max(counts, default=0) <= most:
        return whole
    found = Parted([], [], frozenset())
    within: set[int] = set()
    for span, count in zip(spans, counts, strict=True):
        parts = list(_parts(text, span, sizes, budget)) if count > most else [(span, count)]
        found.spans.extend(part for part, _size in parts)
        found.counts.extend(size for _part, size in parts)
        within.update(end for (_start, end), _size in parts[:-1])
    return found._replace(within=frozenset(within))


def _parts(text: str, span: Span, sizes: Sizes, budget: int) -> Iterator[tuple[Span, int]]:
    """About equally large, at the gentlest cuts that make all of them small enough."""
    start, end = span
    own = text[start:end]
    pieces = [(0, len(own))]
    for expression in (CLAUSE, WORD, None):
        pieces = list(_smaller(own, pieces, expression, sizes, budget))
    yield from (((start + a, start + b), size) for (a, b), size in _sized(own, pieces, sizes))


def _smaller(
    text: str, pieces: Sequence[Span], expression: re.Pattern[str] | None, sizes: Sizes, budget: int
) -> Iterator[Span]:
    for (start, end), size in _sized(text, pieces, sizes):
        if size <= budget:
            yield start, end
        elif expression is None:
            yield from _halved(text, (start, end), sizes, budget)
        else:
            finer = list(_at(expression, text, start, end))
            counts = [n for _span, n in _sized(text, finer, sizes)]
            yield from ((p.start, p.end) for p in pack(text, finer, counts, budget))


def _at(expression: re.Pattern[str], text: str, start: int, end: int) -> Iterator[Span]:
    ends = (match.end() for match in expression.finditer(text, start, end))
    places = [start, *(place for place in ends if place < end), end]
    return itertools.pairwise(places)


def _halved(text: str, span: Span, sizes: Sizes, budget: int) -> Iterator[Span]:
    """A word without end, as only a machine writes it."""
    start, end = span
    if end - start < 2 or _sized(text, [span], sizes)[0][1] <= budget:
        yield span
        return
    middle = (start + end) // 2
    yield from _halved(text, (start, middle), sizes, budget)
    yield from _halved(text, (middle, end), sizes, budget)


def _sized(text: str, pieces: Sequence[Span], sizes: Sizes) -> list[tuple[Span, int]]:
    """Neighbouring pieces with their sizes."""
    first, end = pieces[0][0], pieces[-1][1]
    counts = sizes(text[first:end], [(a - first, b - first) for a, b in pieces])
    return list(zip(pieces, counts, strict=True))
