"""Which ways of learning a dataset allows."""

from __future__ import annotations

from functools import lru_cache

from studio.datasets import statistics, stored
from studio.domain.records import DatasetRecord
from studio.plugins import discover
from studio.services import datasets
from studio.services.context import store

FITTING = {
    "preference": ("orpo", "dpo", "kto", "cpo", "simpo"),
    "rated": ("kto",),
    "text": ("pretrain",),
    "completion": ("sft",),
}
"""By the form of the examples, the usual one first."""


def fitting(dataset_id: str) -> list[str]:
    """The objectives that learn from this dataset's examples, the usual one first.

    Raises:
        StudioError: there is no such dataset, or it cannot be read.
    """
    there = discover("studio.training.objectives")
    return [kind for kind in FITTING[form_of(datasets.get(dataset_id))] if kind in there]


def form_of(dataset: DatasetRecord) -> str:
    """What the examples are: completion, preference, rated or text. An earlier version of the
    studio did not write it down; then the examples tell.

    Raises:
        StudioError: they cannot be read.
    """
    written: str | None = dataset.statistics.get("form")
    return written or _of_examples(dataset.id)


@lru_cache(maxsize=64)
def _of_examples(dataset_id: str) -> str:
    """A dataset never changes."""
    return statistics.form_of(list(stored.read(store().fetch(dataset_id) / "train.jsonl")))
