"""What one dataset has and another has not, by content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from studio.datasets.example import Example
from studio.datasets.keeping import SplitName
from studio.datasets.quality import duplicates

ALIKE = 0.3
"""Similarity from which an example with the same id is the same one, changed."""

Splits = Mapping[SplitName, Sequence[Example]]
"""The examples of a dataset by split."""


class Changed(NamedTuple):
    before: Example
    after: Example


class Comparison(NamedTuple):
    """``moved`` are examples with the same content on the other side of the split; ``same``
    counts those that are in both unchanged."""

    only_in_a: list[Example]
    only_in_b: list[Example]
    changed: list[Changed]
    moved: list[Changed]
    same: int


def compare(a: Splits, b: Splits) -> Comparison:
    """Examples with the same turns are the same, whatever their id. Of the others, those with
    the same id that answer the same, or say much the same, are changed."""
    ours, theirs = _by_content(a), _by_content(b)
    both = [(ours[content], theirs[content]) for content in ours if content in theirs]
    moved = [Changed(old, new) for (one, old), (other, new) in both if one != other]
    gone = [example for content, (_split, example) in ours.items() if content not in theirs]
    come = [example for content, (_split, example) in theirs.items() if content not in ours]
    by_id = {example.id: example for example in come}
    changed = [
        Changed(example, by_id[example.id])
        for example in gone
        if example.id in by_id and _is_the_same(example, by_id[example.id])
    ]
    ids = {pair.before.id for pair in changed}
    return Comparison(
        [example for example in gone if example.id not in ids],
        [example for example in come if example.id not in ids],
        changed,
        moved,
        len(both) - len(moved),
    )


def _by_content(splits: Splits) -> dict[object, tuple[str, Example]]:
    return {
        (example.messages, example.rejected): (split, example)
        for split, examples in splits.items()
        for example in examples
    }


def _is_the_same(one: Example, other: Example) -> bool:
    if len(one.messages) > 1 and one.messages[:-1] == other.messages[:-1]:
        return True
    texts = (duplicates.normalised(example.completion) for example in (one, other))
    return duplicates.similarity(*texts) >= ALIKE
