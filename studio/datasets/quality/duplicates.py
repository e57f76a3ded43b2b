"""Passages that say the same: copies, and near copies found by MinHash and locality-sensitive
hashing (Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Sketches = npt.NDArray[np.uint32]
    Pairs = npt.NDArray[np.int64]

LATIN_SHINGLE, HAN_SHINGLE = 5, 3
"""Letters of a shingle; a Chinese character says more than a Latin letter does."""
EAST_ASIAN = 0x2E80
"""The first code point of the scripts that are shingled by ``HAN_SHINGLE``."""
PERMUTATIONS = 128
SEED = 20
SURE = 0.7
"""Probability with which a pair just at the threshold becomes a candidate; it grows fast above."""
REACH = 16
"""Passages of one band that each is compared with in a round."""
BATCH = 100_000
"""Pairs whose estimates are looked at together."""
DOUBT = 3 * (0.25 / PERMUTATIONS) ** 0.5
"""Three standard deviations of the estimate: what it may err by before the true figure counts."""

_NOT_LETTERS = re.compile(r"[\W_]+")


class Twin(NamedTuple):
    """``texts[number]`` repeats ``texts[of]``, an earlier one that repeats none.

    ``similarity`` is the Jaccard similarity of their shingles, 0 to 1."""

    number: int
    of: int
    similarity: float


def normalised(text: str) -> str:
    """The letters and digits of a text, in one width and case: two copies that differ in white
    space, capitals or punctuation are the same."""
    return _NOT_LETTERS.sub("", unicodedata.normalize("NFKC", text).casefold())


def shingles(letters: str) -> set[str]:
    """The runs of letters that begin at each place of a normalised text."""
    return {
        letters[i : i + (HAN_SHINGLE if ord(letters[i]) >= EAST_ASIAN else LATIN_SHINGLE)]
        for i in range(len(letters) - LATIN_SHINGLE + 1)
    }


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of the shingles of two normalised texts, 0 to 1; 0 where both have
    none."""
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b) if a or b else 0.0


def twins(texts: Sequence[str], threshold: float | None) -> list[Twin]:
    """Each text that repeats an earlier one: word for word, or, with a ``threshold``, with at
    least that Jaccard similarity. What is neither letter nor digit is not compared.

    The first of several stays, and others are compared with it alone, so that a chain of small
    changes does not run together. Candidates are checked by their true similarity. The result
    is the same on every machine.
    """
    letters = [normalised(text) for text in texts]
    first: dict[str, int] = {}
    found = []
    for number, each in enumerate(letters):
        of = first.setdefault(each or texts[number], number)
        if of != number:
            found.append(Twin(number, of, 1.0))
    if threshold is not None:
        copies = {twin.number for twin in found}
        found += _near(letters, threshold, copies)
        found = _resolved(found)
    return found


def _resolved(found: list[Twin]) -> list[Twin]:
    """In order; the copy of a near copy repeats what that one repeats."""
    near = {t.number: t for t in found if t.similarity < 1}
    return sorted(near[t.of]._replace(number=t.number) if t.of in near else t for t in found)


def _near(letters: Sequence[str], threshold: float, copies: set[int]) -> Iterator[Twin]:
    import numpy as np

    long = (n for n, each in enumerate(letters) if len(each) >= LATIN_SHINGLE)
    numbers = np.array([n for n in long if n not in copies], dtype=np.int64)
    sketches = _sketches([letters[n] for n in numbers])
    going_on = len(numbers) > 1
    while going_on:
        pairs = _likely(sketches, threshold)
        found = list(_true(letters, numbers[pairs], threshold))
        yield from found
        stays = np.isin(numbers, [twin.number for twin in found], invert=True)
        numbers, sketches, going_on = numbers[stays], sketches[stays], bool(found)


def _sketches(letters: Sequence[str]) -> Sketches:
    """MinHash values, one row for each text."""
    import numpy as np
    from datasketch import MinHash

    rows = np.empty((len(letters), PERMUTATIONS), dtype=np.uint32)
    batches = ([each] for each in letters)
    options = {"num_perm": PERMUTATIONS, "seed": SEED, "hashfunc": _hashes}
    for row, sketch in zip(rows, MinHash.generator(batches, **options), strict=True):
        row[:] = sketch.hashvalues
    return rows


def _likely(sketches: Sketches, threshold: float) -> Pairs:
    """Pairs of rows, the earlier one first, that share a band and whose estimate is not far
    below the threshold."""
    import numpy as np

    count = len(sketches)
    found = [_sharing(band) for band in np.split(*_cut(sketches, threshold), axis=1)]
    codes = np.unique(np.concatenate([pairs[:, 0] * count + pairs[:, 1] for pairs in found]))
    pairs = np.stack(np.divmod(codes, count), axis=1)
    agree = [
        np.count_nonzero(sketches[some[:, 0]] == sketches[some[:, 1]], axis=1)
        for some in np.array_split(pairs, 1 + len(pairs) // BATCH)
    ]
    likely: Pairs = pairs[np.concatenate(agree) >= (threshold - DOUBT) * PERMUTATIONS]
    return likely


def _cut(sketches: Sketches, threshold: float) -> tuple[Sketches, int]:
    count, rows = bands(threshold)
    return sketches[:, : count * rows], count


def _sharing(band: Sketches) -> Pairs:
    """Pairs of rows that are equal in a band, each with the ``REACH`` before it. Of more, some
    are copies and go; the others meet in the next round."""
    import numpy as np

    order = np.lexsort(band.T)
    band = band[order]
    found = [np.empty((0, 2), dtype=np.int64)]
    for reach in range(1, min(REACH, len(order) - 1) + 1):
        same = (band[reach:] == band[:-reach]).all(axis=1)
        found.append(np.stack([order[:-reach][same], order[reach:][same]], axis=1))
    return np.concatenate(found)


def _true(letters: Sequence[str], pairs: Pairs, threshold: float) -> Iterator[Twin]:
    """Of the likely pairs, which come in any order, those that are alike indeed."""
    likely: dict[int, list[int]] = {}
    for of, number in pairs.tolist():
        likely.setdefault(number, []).append(of)
    gone: set[int] = set()
    for number in sorted(likely):
        kept = (of for of in likely[number] if of not in gone)
        true = ((similarity(letters[number], letters[of]), -of) for of in kept)
        best, of = max(true, default=(0.0, 0))
        if best >= threshold:
            gone.add(number)
            yield Twin(number, -of, best)


def bands(threshold: float) -> tuple[int, int]:
    """Bands and rows of the index: the most rows, and so the fewest false candidates, with which
    a pair of this similarity shares a band with probability ``SURE``; 3 rows at least."""

    def sure(rows: int) -> bool:
        missed: float = (1 - threshold**rows) ** (PERMUTATIONS // rows)
        return 1 - missed >= SURE

    rows = next((rows for rows in range(PERMUTATIONS // 2, 3, -1) if sure(rows)), 3)
    return PERMUTATIONS // rows, rows


def _hashes(letters: str) -> Sketches:
    """A number of 32 bits for each shingle of a normalised text, in one array: MinHash asks its
    hash function for numbers, and takes an array of them for a batch."""
    import numpy as np

    codes = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), np.uint32)
    mixed = codes * np.uint32(0x9E3779B1)
    mixed ^= mixed >> np.uint32(15)
    short = (mixed[:-2] * np.uint32(31) + mixed[1:-1]) * np.uint32(0x85EBCA6B) + mixed[2:]
    long = (short[:-2] * np.uint32(0xC2B2AE35) + mixed[3:-1]) * np.uint32(0x27D4EB2F) + mixed[4:]
    return np.where(codes[:-4] >= EAST_ASIAN, short[:-2], long)
