"""The language that a text is written in."""

from __future__ import annotations

import re

from studio.domain.base import Language

SAMPLE = 20_000
"""Characters of each part by which the language is judged."""
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ]+")


def language_of(text: str) -> Language:
    """Chinese when its characters are at least a third as many as Western words, judged by
    the beginning, the middle and the end."""
    middle = len(text) // 2
    sample = (
        text
        if len(text) <= 3 * SAMPLE
        else (text[:SAMPLE] + text[middle : middle + SAMPLE] + text[-SAMPLE:])
    )
    han, words = len(_HAN.findall(sample)), len(_LATIN_WORD.findall(sample))
    return "zh" if han and han * 3 > words else "en"
