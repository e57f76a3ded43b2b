"""Prose that is made up, of which no two pieces are near copies of each other."""

from __future__ import annotations

import random
import re

from studio.settings import ROOT

_SAMPLE = (ROOT / "data" / "samples" / "tide-clerk.txt").read_text(encoding="utf-8")
_WORDS = sorted(set(re.findall(r"[a-z]{3,}", _SAMPLE)))


def invented(seed: str, sentences: int = 9) -> str:
    """Prose of its own for each seed, always the same."""
    dice = random.Random(seed)
    spoken = (f"The {' '.join(dice.choices(_WORDS, k=9))} went on." for _ in range(sentences))
    return " ".join(spoken)
