"""How long a text is, counted as writers of its language count."""

from __future__ import annotations

import re

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_WORD = re.compile(r"[^\W_\u3400-\u9fff\uf900-\ufaff]+(?:['’\-][^\W_\u3400-\u9fff\uf900-\ufaff]+)*")
_SPACE = re.compile(r"\s+")


def words(text: str) -> int:
    """English words, and each Chinese character as one, as word processors count."""
    return sum(1 for _ in _WORD.finditer(text)) + sum(1 for _ in _HAN.finditer(text))


def characters(text: str) -> int:
    """Characters without white space."""
    return len(text) - sum(m.end() - m.start() for m in _SPACE.finditer(text))
