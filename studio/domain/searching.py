"""Words that are looked for in what people write: punctuation is no part of them."""

from __future__ import annotations

import re
import unicodedata

_WITHIN = re.compile("['’ʼ·‧・\u200b-\u200d\u2060\ufe0e\ufe0f\ufeff\u00ad]")
"""Apostrophes and the dots in Chinese names, which join, and what cannot be seen."""
_DOTS = re.compile(r"(?<=[\u3040-\u9fff])[.•∙⋅](?=[\u3040-\u9fff])")
"""What is typed for those dots."""
_INITIALS = re.compile(r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)")
"""The dots of A.I. and U.S.S."""
_SIGNS = "~=<>|"
"""What is written around words, and counts among the signs of mathematics."""
_POSSESSIVE = re.compile(r"(?<=[\w.])['’ʼ]s?(?!\w)")


def folded(text: str) -> str:
    """For comparing: compatibility forms unified (full-width A is A), case ignored."""
    return unicodedata.normalize("NFKC", text).casefold()


def worded(text: str) -> str:
    """Folded, the words alone, with single spaces between them: punctuation parts words, an
    apostrophe does not. Signs such as + and emoji are letters of a word."""
    text = _INITIALS.sub("", _DOTS.sub("", _WITHIN.sub("", folded(text))))
    return " ".join("".join(" " if _parts(each) else each for each in text).split())


def _parts(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind[0] in "PZC" or kind == "Sk" or character in _SIGNS


class Words:
    """What a query looks for. One of nothing but punctuation is looked for as it is."""

    def __init__(self, query: str) -> None:
        self._words = worded(_POSSESSIVE.sub("", folded(query))).split()
        self._sign = "" if self._words else folded(query).strip()

    def are_in(self, text: str) -> bool:
        """Whether a text has them all."""
        return self._sign in folded(text) and self.count(text) == len(self._words)

    def count(self, text: str) -> int:
        """How many of them a text has; a part of a word is one, since Chinese puts no space
        between words."""
        words = worded(text)
        return sum(word in words for word in self._words)

    def whole(self, text: str) -> int:
        """How many of them are words of a text."""
        found = set(worded(text).split())
        return sum(word in found for word in self._words)
