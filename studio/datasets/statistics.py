"""What a dataset amounts to, in numbers for a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from studio.datasets import quality
from studio.datasets.example import Example
from studio.datasets.quality import leakage, wording
from studio.text import statistics as text_statistics

BINS = 12
SHOWN = 300
"""Characters of the longest shared span that are kept to be shown."""
WORDS_A_MINUTE, CHARACTERS_A_MINUTE = 228, 255
"""How fast adults read a story aloud, in English words and Chinese characters (Trauzettel-Klosinski
and Dietz, Investigative Ophthalmology & Visual Science 53(9), 2012)."""


def describe(
    train: Sequence[Example],
    validation: Sequence[Example],
    left_out: dict[str, int],
    removed: Sequence[quality.Removed] = (),
) -> dict[str, Any]:
    """Figures of both splits, histograms of their lengths in ``tokens`` and ``characters``, what
    was left out, what the text is like (see ``quality.wording``), how many examples carry each
    flag, how long it takes to read, and the longest span that both splits share. ``form`` is what
    an example is: completion, preference, rated or text."""
    written = [quality.written(example) for example in (*train, *validation)]
    return {
        "form": form_of(train),
        "train": _figures(train),
        "validation": _figures(validation),
        "histogram": _histogram(train, validation, lambda e: e.tokens),
        "characters": _histogram(train, validation, lambda e: e.characters),
        "left_out": left_out,
        "removed": [each.told() for each in removed[: quality.LISTED]],
        "flags": _flags([*train, *validation]),
        "scripts": wording.scripts(written),
        "speech_share": wording.speech_share(written),
        "vocabulary": wording.vocabulary(written),
        "reading": _reading(written),
        "leakage": _leakage(train, validation),
    }


def form_of(examples: Sequence[Example]) -> str:
    """What the greater part of the examples are; ratings count as such when there is one."""
    if any(not example.wanted for example in examples):
        return "rated"
    commonest = Counter(example.form for example in examples).most_common(1)
    form = commonest[0][0] if commonest else "conversation"
    return "completion" if form == "conversation" else form


def _figures(examples: Sequence[Example]) -> dict[str, Any]:
    tokens = [e.tokens for e in examples]
    return {
        "examples": len(examples),
        "tokens": sum(tokens),
        "characters": sum(e.characters for e in examples),
        "shortest": min(tokens, default=0),
        "median": round(median(tokens)) if tokens else 0,
        "longest": max(tokens, default=0),
        "chapters": list(dict.fromkeys(e.chapter for e in examples)),
    }


def _histogram(
    train: Sequence[Example], validation: Sequence[Example], length: Callable[[Example], int]
) -> list[dict[str, int]]:
    """Counts of examples that are ``from`` up to but without ``to`` long."""
    lengths = [length(e) for e in (*train, *validation)]
    if not lengths:
        return []
    low, high = min(lengths), max(lengths)
    step = max(1, -(-(high + 1 - low) // BINS))
    bars = {
        name: Counter((length(e) - low) // step for e in examples)
        for name, examples in (("train", train), ("validation", validation))
    }
    return [
        {"from": start, "to": start + step, **{name: bars[name][bar] for name in bars}}
        for bar, start in enumerate(range(low, high + 1, step))
    ]


def _flags(examples: Sequence[Example]) -> dict[str, int]:
    return dict(sorted(Counter(flag for e in examples for flag in e.flags).items()))


def _reading(written: Sequence[str]) -> dict[str, float]:
    """``minutes`` to read aloud what the examples write, and its ``words`` as writers count."""
    words = sum(text_statistics.words(text) for text in written)
    chinese = sum(wording.han(text) for text in written)
    minutes = (words - chinese) / WORDS_A_MINUTE + chinese / CHARACTERS_A_MINUTE
    return {"words": words, "minutes": round(minutes, 1)}


def _leakage(train: Sequence[Example], validation: Sequence[Example]) -> dict[str, Any]:
    """The longest span that what is learned and what is held back share: how many
    ``characters``, and its ``text`` (the first ``SHOWN`` of them)."""
    learned, held = (" ".join(map(quality.written, split)) for split in (train, validation))
    shared = leakage.longest_shared(learned, held)
    return {"characters": shared.characters, "text": shared.text[:SHOWN]}
