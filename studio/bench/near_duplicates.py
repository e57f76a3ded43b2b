"""Near duplicates among 100,000 passages: how soon, and whether the planted ones are found."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from studio.datasets.quality import duplicates
from studio.domain.recipes import Quality
from studio.settings import ROOT

PASSAGES = 100_000
PLANTED = 2_000

EDITED = 0.1
SEED = 20
WORDS = {"tide-clerk": (140, " "), "last-ferry": (260, "")}
"""Words (English) or characters (Chinese) of a passage, about 190 tokens, by sample."""

_PIECES = {"tide-clerk": re.compile(r"\S+"), "last-ferry": re.compile(r"\S")}


class Planted(NamedTuple):
    """``copies`` maps the number of each edited copy to that of its original."""

    texts: list[str]
    copies: dict[int, int]


def measure(passages: int = PASSAGES, planted: int = PLANTED) -> dict[str, float]:
    """``near_dup_seconds_100k`` (wall time for ``passages`` passages, half of them Chinese),
    ``near_dup_recall`` and ``near_dup_precision`` over copies of which every tenth word or
    character is replaced, left out or added to."""
    given = plant(passages, planted)
    threshold = Quality().near_duplicates
    began = time.perf_counter()
    found = duplicates.twins(given.texts, threshold)
    seconds = time.perf_counter() - began
    right = sum(given.copies.get(twin.number) == twin.of for twin in found)
    return {
        "near_dup_seconds_100k": round(seconds, 1),
        "near_dup_recall": round(right / len(given.copies), 4),
        "near_dup_precision": round(right / len(found), 4) if found else 0.0,
    }


def plant(passages: int, planted: int) -> Planted:
    """Passages of made-up text, ``planted`` edited copies and as many half copies among them,
    in any order, an original before its copy."""
    dice = random.Random(SEED)
    originals: list[tuple[list[str], str]] = []
    for sample, (length, joint) in WORDS.items():
        count = (passages - 2 * planted) // 2
        originals += [(words, joint) for words in _babble(sample, count, length)]
    dice.shuffle(originals)
    texts = [joint.join(words) for words, joint in originals]
    copies = {}
    for of in dice.sample(range(len(originals)), planted):
        words, joint = originals[of]
        copies[len(texts)] = of
        texts.append(joint.join(_edited(words, dice)))
    for of in dice.sample(range(len(originals)), planted):
        words, joint = originals[of]
        other = next(o for o, j in iter(lambda: dice.choice(originals), None) if j == joint)
        half = len(words) // 2
        texts.append(joint.join([*words[:half], *other[half:]]))
    return Planted(texts, copies)


def _babble(sample: str, count: int, length: int) -> list[list[str]]:
    """Passages in which each word follows the one before it as somewhere in the sample, or, one
    time in four, comes from anywhere in it."""
    dice = np.random.default_rng(SEED)
    pieces = _PIECES[sample].findall((ROOT / f"data/samples/{sample}.txt").read_text("utf-8"))
    names, numbers = np.unique(pieces, return_inverse=True)
    followers = np.argsort(numbers[:-1], kind="stable")
    starts = np.searchsorted(numbers[:-1][followers], np.arange(len(names) + 1))
    counts = np.maximum(np.diff(starts), 1)
    places = np.empty((count, length), dtype=np.int64)
    places[:, 0] = dice.integers(0, len(pieces) - 1, count)
    for step in range(1, length):
        word = numbers[places[:, step - 1]]
        chosen = np.minimum(starts[word] + dice.integers(0, counts[word]), len(followers) - 1)
        anywhere = dice.integers(0, len(pieces) - 1, count)
        places[:, step] = np.where(dice.random(count) < 0.25, anywhere, followers[chosen] + 1)
    drawn: list[list[str]] = names[numbers[places]].tolist()
    return drawn


def _edited(words: Sequence[str], dice: random.Random) -> list[str]:
    """Every tenth word, by chance, replaced, left out, or another put behind it."""
    result: list[str] = []
    for word in words:
        change = dice.random() / EDITED
        if change >= 1:
            result.append(word)
        elif change >= 1 / 3:
            result += [dice.choice(words)] if change >= 2 / 3 else [word, dice.choice(words)]
    return result
