"""Where one scene of a chapter ends and the next begins."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from studio.text import headings
from studio.text.paragraphs import Paragraph

RARE = 0.25
"""Share of gaps up to which wider ones mean something; above, they are how the text is set."""
_BREAK = re.compile(r"\n\n(?:[^\w\n]{1,80}\n\n+|\n+)")
_SPOKEN_END = tuple(".!?…。！？”’\"'」』）)—-~～")


def unmarked(paragraphs: Sequence[Paragraph]) -> frozenset[int]:
    """The paragraphs that begin a scene after nothing but a wider gap than usual.

    Only between two paragraphs of prose, and only in texts that have few such gaps.
    """
    gaps = Counter(p.gap for p in paragraphs[1:] if p.gap >= 0)
    if not gaps:
        return frozenset()
    usual = min(gap for gap, count in gaps.items() if count == max(gaps.values()))
    found = {
        index
        for index in range(1, len(paragraphs))
        if paragraphs[index].gap > usual
        and _is_prose(paragraphs[index - 1])
        and _is_prose(paragraphs[index])
    }
    return frozenset(found) if len(found) <= RARE * (len(paragraphs) - 1) else frozenset()


def _is_prose(paragraph: Paragraph) -> bool:
    text = paragraph.text
    if "\n" in text or not text.endswith(_SPOKEN_END) or headings.is_scene_break(text):
        return False
    return headings.read(text) is None


def scenes(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Start and end of each scene of ``text[start:end]``, which they tile; a mark between two
    scenes goes with the first."""
    bounds = [start, *_ends(text, start, end), end]
    return [(a, b) for a, b in itertools.pairwise(bounds) if a < b]


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    for found in _BREAK.finditer(text, start, end):
        mark = found[0].strip("\n")
        if not mark or headings.is_scene_break(mark):
            yield found.end()
