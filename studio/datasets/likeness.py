"""How much two short texts have in common."""

from __future__ import annotations

import re

_NOT_SAID = re.compile(r"\W+")
SHINGLE = 5
NEARLY = 0.8
"""Likeness from which two texts count as one."""


def likeness(one: str, other: str) -> float:
    """0 to 1: the Jaccard index of the character shingles, punctuation and case aside
    (Broder 1997)."""
    a, b = _shingles(one), _shingles(other)
    return len(a & b) / len(a | b) if a or b else 1.0


def copies(text: str, source: str, characters: int) -> bool:
    """Whether ``characters`` letters in a row of a text stand in its source as well."""
    a, b = _letters(text), _letters(source)
    return any(a[i : i + characters] in b for i in range(len(a) - characters + 1))


def _letters(text: str) -> str:
    return _NOT_SAID.sub("", text).lower()


def _shingles(text: str) -> set[str]:
    letters = _letters(text)
    return {letters[i : i + SHINGLE] for i in range(max(1, len(letters) - SHINGLE + 1))} - {""}
