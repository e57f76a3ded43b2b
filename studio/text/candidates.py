"""A paragraph that may be a heading, and what stands below it."""

from __future__ import annotations

import re
from typing import NamedTuple

from studio.text.headings import Heading

EMPTY = 160
"""Fewer characters between two headings are no chapter but a line of a table of contents."""
SHORTEST = 200
"""Characters that the middle chapter must have before mere numbers count as headings."""

_PARAGRAPH_END = re.compile(r"\n\n+")


class Candidate(NamedTuple):
    """A paragraph that may be a heading: ``text[start:end]``."""

    start: int
    end: int
    text: str
    heading: Heading
    subtitle: str = ""


def are_long(chosen: list[Candidate], text: str) -> bool:
    """The chapters that these headings would make have a chapter's length."""
    ends = [*(c.start for c in chosen[1:]), len(text)]
    sizes = sorted(end - c.end for c, end in zip(chosen, ends, strict=True))
    return sizes[len(sizes) // 2] >= SHORTEST


def below(heading: Candidate, text: str) -> int:
    """Where the next paragraph begins."""
    gap = _PARAGRAPH_END.match(text, heading.end)
    return gap.end() if gap else heading.end
