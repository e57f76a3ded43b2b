"""What a text is made of: scripts, speech, words, and how often they come again."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

WINDOW = 1000
"""Words, or pairs of Chinese characters, over which variety is measured: a longer text repeats
itself more, so that only windows of one length can be compared."""
MOST_DISTINCTIVE = 24
SELDOM = 3
"""Times that a word must occur to be called distinctive."""

_GRAMMAR = (
    "a about above after again against all almost also always am among an and another any are as "
    "at away back be because been before being below between both but by came can come could did "
    "do does down each even ever every few first for from get give go good got great had has have "
    "having he her here hers herself him himself his how however i if in indeed into is it its "
    "itself just know last left less let like little long made make many may me might mine more "
    "most mr mrs miss much must my myself never no nor not nothing now of off oh on once one only "
    "or other our ours out over own perhaps quite rather said same say see shall she should since "
    "so some something still such take than that the their them themselves then there these they "
    "thing think this those though thought through till time to too two under until up upon us "
    "very was way we well went were what when where which while who whom whose why will with "
    "without would yes yet you your yours yourself"
)
_FUNCTION_WORDS = frozenset(_GRAMMAR.split())
_FUNCTION_CHARACTERS = frozenset(
    "的了是在我你您他她它们們这這那个個不就也都又和与與着著过過吗嗎呢吧之其么麼什说說道"
)

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+")
_WORD = re.compile(
    r"[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+(?:['’][^\W\d_]+)*"
)
_LETTER = re.compile(r"[^\W\d_]")
_PAIRS = (("“", "”"), ("「", "」"), ("『", "』"), ("«", "»"), ('"', '"'))
_SPEECH = re.compile(
    "|".join(rf"{opens}[^{closes}\n]*(?:{closes}|\n|$)" for opens, closes in _PAIRS)
    + r"|(?<!\w)‘(?:[^’\n]|’(?=\w))*(?:’|\n|$)"
)
_SPACE = re.compile(r"\s+")


def scripts(texts: Iterable[str]) -> dict[str, float]:
    """Shares of the letters: ``zh`` Chinese characters, ``en`` Latin letters, ``other``; they
    add up to 1, where there are letters."""
    counts: Counter[str] = Counter()
    for text in texts:
        letters = _LETTER.findall(text)
        chinese = han(text)
        latin = sum(
            letter.isascii() or unicodedata.name(letter, "").startswith("LATIN")
            for letter in letters
        )
        counts.update(zh=chinese, en=latin, other=len(letters) - chinese - latin)
    total = counts.total()
    return {
        name: round(counts[name] / total, 4) if total else 0.0 for name in ("en", "zh", "other")
    }


def speech_share(texts: Iterable[str]) -> float:
    """Share of the characters that stand within quotation marks of either language, 0 to 1. A
    quotation that is not closed ends with its paragraph."""
    spoken = total = 0
    for text in texts:
        spoken += sum(len(_SPACE.sub("", quote)) for quote in _SPEECH.findall(text))
        total += len(_SPACE.sub("", text))
    return round(spoken / total, 4) if total else 0.0


def han(text: str) -> int:
    """Chinese characters of a text."""
    return sum(len(run) for run in _HAN.findall(text))


def units(text: str) -> list[str]:
    """English words in lower case, and each pair of neighbouring Chinese characters, which is as
    near to a word as one comes without a dictionary."""
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    for run in _HAN.findall(text):
        words += map("".join, pairwise(run))
    return words


def vocabulary(texts: Sequence[str]) -> dict[str, Any]:
    """``words`` (how many), ``distinct``, ``type_token_ratio`` (different words among a thousand,
    averaged over all whole thousands; None below that, Johnson 1944), ``distinct_2`` and
    ``distinct_3`` (different pairs and triples among a thousand, Li et al. 2016), and
    ``distinctive``."""
    per_text = [units(text) for text in texts]
    words = [word for each in per_text for word in each]
    return {
        "words": len(words),
        "distinct": len(set(words)),
        "type_token_ratio": variety(words, 1),
        "distinct_2": variety(words, 2),
        "distinct_3": variety(words, 3),
        "distinctive": distinctive(per_text),
    }


def variety(words: Sequence[str], n: int) -> float | None:
    """Different runs of ``n`` words over all of them, 0 to 1, averaged over windows of
    ``WINDOW`` words; None for a text that is shorter."""
    shares = []
    for start in range(0, len(words) - WINDOW + 1, WINDOW):
        window = words[start : start + WINDOW]
        runs = list(zip(*(window[i:] for i in range(n)), strict=False))
        shares.append(len(set(runs)) / len(runs))
    return round(sum(shares) / len(shares), 4) if shares else None


def distinctive(texts: Sequence[Sequence[str]]) -> list[str]:
    """The words that come often but only in some of the passages: names, places, themes. By
    count times the logarithm of passages over passages that have it (tf-idf, Spärck Jones
    1972), the words of grammar left out; the weightiest first."""
    counts = Counter(word for each in texts for word in each)
    spread = Counter(word for each in texts for word in set(each))
    weights = {
        word: count * math.log(len(texts) / spread[word])
        for word, count in counts.items()
        if count >= SELDOM and spread[word] > 1 and not _of_grammar(word)
    }
    ranked = sorted(weights, key=lambda word: (-weights[word], word))
    return ranked[:MOST_DISTINCTIVE]


def _of_grammar(word: str) -> bool:
    if _HAN.match(word):
        return not _FUNCTION_CHARACTERS.isdisjoint(word)
    return "'" in word or word in _FUNCTION_WORDS
