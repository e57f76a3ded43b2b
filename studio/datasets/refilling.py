"""Asks for more made-up examples until there are as many as were wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from studio.datasets import quality, topics
from studio.datasets.example import Example
from studio.datasets.splits import Section, Split
from studio.domain.recipes import PrepareSpec, SyntheticSpec

ROUNDS = 6
"""How often more are asked for, as long as each round brings some."""

Made = tuple[list[Example], list[Example]]
"""Examples to learn from, and those held back."""


class Wanted(NamedTuple):
    train: int
    validation: int


def refilled(
    spec: PrepareSpec, builder: SyntheticSpec, first: Split, more: Callable[[Split], Made]
) -> Made:
    """The examples of ``first``, and of as many further sections as it takes until what the
    checks leave of them is what the recipe asks for. ``more`` makes the examples of sections.

    Ends with fewer where a round brings none that may stay: the writer only repeats itself, or
    its cap is reached.
    """
    held = sum(topics.wanted(section, builder) for section in first.validation)
    wanted = Wanted(builder.count - held, held)
    train, validation = more(first)
    asked, reached = len(first.train) + len(first.validation), -1
    for _round in range(ROUNDS):
        good = quality.screen(train, validation, spec.quality)
        kept = min(len(good.train), wanted.train) + min(len(good.validation), wanted.validation)
        if kept in (builder.count, reached):
            break
        reached = kept
        sections = _lacking(builder, good, wanted, asked)
        asked += len(sections.train) + len(sections.validation)
        learned, checked = more(sections)
        train, validation = train + learned, validation + checked
    good = quality.screen(train, validation, spec.quality)
    return (
        _without(train, good.train[wanted.train :]),
        _without(validation, good.validation[wanted.validation :]),
    )


def _lacking(builder: SyntheticSpec, good: quality.Screened, wanted: Wanted, asked: int) -> Split:
    train: list[Section] = []
    if (lacking := wanted.train - len(good.train)) > 0:
        train = topics.further(builder, asked, lacking)
    if (lacking := wanted.validation - len(good.validation)) > 0:
        return Split(train, topics.further(builder, asked + len(train), lacking))
    return Split(train, [])


def _without(examples: list[Example], surplus: Sequence[Example]) -> list[Example]:
    gone = {example.id for example in surplus}
    return [example for example in examples if example.id not in gone]
