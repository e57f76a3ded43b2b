"""Which ways of learning a dataset allows."""

from __future__ import annotations

from functools import lru_cache

from studio.datasets import stored
from studio.plugins import discover
from studio.services import datasets
from studio.services.context import store

FITTING = {
    "preference": ("orpo", "dpo", "kto", "cpo", "simpo"),
    "rated": ("kto",),
    "text": ("pretrain",),
    "conversation": ("sft",),
}
"""By the form of the examples, the usual one first."""


def fitting(dataset_id: str) -> list[str]:
    """The objectives that learn from this dataset's examples, the usual one first.

    Raises:
        StudioError: there is no such dataset, or it cannot be read.
    """
    there = discover("studio.training.objectives")
    return [kind for kind in FITTING[form_of(datasets.get(dataset_id).id)] if kind in there]


@lru_cache(maxsize=64)
def form_of(dataset_id: str) -> str:
    """What the examples are: conversation, text, preference, or rated. A dataset never changes."""
    path = store().fetch(dataset_id) / "train.jsonl"
    first = next(stored.read(path), None)
    if first is None:
        return "conversation"
    if datasets.recipe_of(dataset_id).rows and any(not e.wanted for e in stored.read(path)):
        return "rated"
    return first.form
