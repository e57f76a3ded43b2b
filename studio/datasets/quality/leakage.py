"""How much of what is held back stands in what is learned: the longest span they share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Hashes = npt.NDArray[np.uint64]
    Places = npt.NDArray[np.int64]
    Marks = npt.NDArray[np.bool_]

FIRST = 16
"""Characters of the first spans that are looked for."""
TABLE = 24
"""Most bits of a hash that are looked up before the whole."""

_SPACE = re.compile(r"\s+")
_BASE = 0x9E3779B97F4A7C15
"""Odd, so that it has an inverse modulo 2^64."""


class Shared(NamedTuple):
    """``text`` stands in both; its white space is shown as single spaces."""

    characters: int
    text: str


def longest_shared(one: str, other: str) -> Shared:
    """The longest span of characters that two texts have in common, the first of several;
    white space counts as one space.

    Karp and Rabin's rolling hash (1987): a longer span can only begin where a shorter one does,
    so that few places are left to look at after the first length. What is found is compared
    letter by letter.
    """
    search = _Search(_Rolled(_spaced(one)), _Rolled(_spaced(other)))
    high = FIRST
    while search.narrow(high):
        high *= 2
    low = search.found.characters
    while high - low > 1:
        length = (low + high) // 2
        low, high = (length, high) if search.narrow(length) else (low, length)
    return search.found


class Known:
    """A long text that is asked again and again whether another stands in it.

    ``length`` is how many characters the others have at least; by their first ones alone most
    are known not to."""

    def __init__(self, text: str, length: int) -> None:
        self._text = text
        self._length = length
        places = range(len(text) - length + 1)
        self._beginnings = {hash(text[place : place + length]) for place in places}

    def __contains__(self, text: str) -> bool:
        return hash(text[: self._length]) in self._beginnings and text in self._text


def _spaced(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


class _Rolled:
    """A text whose windows can be hashed at once, whatever their length: the sum of c·Bⁱ over a
    window, divided by the power of B at which it begins, in integers modulo 2^64."""

    def __init__(self, text: str) -> None:
        import numpy as np

        self.text = text
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        mixed = (codes.astype(np.uint64) + np.uint64(1)) * np.uint64(0xFF51AFD7ED558CCD)
        mixed ^= mixed >> np.uint64(29)
        self._sums = np.concatenate([[np.uint64(0)], np.cumsum(mixed * _powers(_BASE, len(text)))])
        self._inverses = _powers(pow(_BASE, -1, 2**64), len(text))

    def windows(self, starts: Places, length: int) -> Hashes:
        """A hash of the window of this many characters that begins at each of the places."""
        sums = self._sums[starts + length] - self._sums[starts]
        hashes: Hashes = sums * self._inverses[starts]
        return hashes


class _Search:
    """The places where the longest span known so far begins, on both sides."""

    def __init__(self, one: _Rolled, other: _Rolled) -> None:
        import numpy as np

        self.found = Shared(0, "")
        self._sides = one, other
        self._starts = tuple(np.arange(len(side.text)) for side in self._sides)

    def narrow(self, length: int) -> bool:
        """Whether a span of this length stands in both; if so, it is ``found``."""
        a, b = (
            starts[: starts.searchsorted(len(side.text) - length, "right")]
            for side, starts in zip(self._sides, self._starts, strict=True)
        )
        ours, theirs = self._sides[0].windows(a, length), self._sides[1].windows(b, length)
        common = _among(ours, theirs)
        text = self._first(a[common], length)
        if text is None:
            return False
        self.found = Shared(length, text)
        self._starts = a[common], b[_among(theirs, ours[common])]
        return True

    def _first(self, starts: Places, length: int) -> str | None:
        one, other = self._sides
        spans = (one.text[start : start + length] for start in starts)
        return next((text for text in spans if text in other.text), None)


def _among(needles: Hashes, known: Hashes) -> Marks:
    """Which of the needles are known. A table of their first bits rules most of them out."""
    import numpy as np

    bits = min(TABLE, 4 + len(known).bit_length())
    table = np.zeros(2**bits, dtype=np.bool_)
    table[known >> np.uint64(64 - bits)] = True
    likely: Marks = table[needles >> np.uint64(64 - bits)]
    likely[likely] = np.isin(needles[likely], known)
    return likely


def _powers(base: int, count: int) -> Hashes:
    import numpy as np

    powers = np.full(count, base, dtype=np.uint64)
    powers[:1] = 1
    return np.cumprod(powers, dtype=np.uint64)
