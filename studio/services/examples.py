"""Finding examples in a dataset."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from studio.datasets import keeping, stored
from studio.datasets.example import Example
from studio.datasets.keeping import SplitName
from studio.domain.records import Pending
from studio.errors import StudioError
from studio.language import _
from studio.services import datasets
from studio.services.context import db, store
from studio.settings import settings
from studio.store import changes


class Wanted(BaseModel):
    """What an example must be to be found; what is not given does not matter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: SplitName | None = None
    text: str = ""
    """Stands in one of its turns, whatever the case."""
    chapters: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    """It has one of them."""
    least_tokens: int = Field(0, ge=0)
    most_tokens: int | None = Field(None, ge=0)
    state: Literal["any", "excluded", "kept", "edited"] = "any"
    """By the changes that are not yet part of a version."""


class Found(NamedTuple):
    """``example`` as it is after the changes that wait; ``stored`` as the dataset has it."""

    split: SplitName
    example: Example
    stored: Example
    excluded: bool
    edited: bool


class Page(NamedTuple):
    """``total`` counts all that fit, ``rows`` are those of this page."""

    total: int
    rows: list[Found]


def search(dataset_id: str, wanted: Wanted | None = None, offset: int = 0, limit: int = 50) -> Page:
    """The examples that fit, in the order of the dataset."""
    fitting = [row for row in _rows(dataset_id) if _fits(row, wanted or Wanted())]
    return Page(len(fitting), fitting[offset : offset + limit])


def named(dataset_id: str, ids: Sequence[str]) -> list[Example]:
    """The examples with these ids, as the dataset has them.

    Raises:
        StudioError: there is no such example.
    """
    known = {example.id: example for split in all_of(dataset_id).values() for example in split}
    unknown = [example_id for example_id in ids if example_id not in known]
    if unknown:
        raise StudioError(
            _("This example is not in the dataset."),
            _("No example has the id {id}.").format(id=unknown[0]),
            _("Choose one from the list."),
        )
    return [known[example_id] for example_id in ids]


def all_of(dataset_id: str) -> dict[SplitName, tuple[Example, ...]]:
    """Every example of a dataset, by split. They are read once and kept in memory."""
    return _stored(settings().artifact_store, datasets.get(dataset_id).id)


@lru_cache(maxsize=2)
def _stored(_place: str, dataset_id: str) -> dict[SplitName, tuple[Example, ...]]:
    folder = store().fetch(dataset_id)
    return {name: tuple(stored.read(folder / f"{name}.jsonl")) for name in keeping.SPLITS}


def _rows(dataset_id: str) -> Iterator[Found]:
    pending = Pending.of(changes.select(db(), dataset_id))
    excluded, edits = set(pending.excluded), {edit.id: edit for edit in pending.edits}
    for split, examples in all_of(dataset_id).items():
        for example in examples:
            edit = edits.get(example.id)
            shown = example.edited(edit.completion, edit.rejected) if edit else example
            yield Found(split, shown, example, example.id in excluded, shown != example)


def _fits(row: Found, wanted: Wanted) -> bool:
    example = row.example
    states = {"any": True, "excluded": row.excluded, "kept": not row.excluded, "edited": row.edited}
    return (
        wanted.split in (None, row.split)
        and states[wanted.state]
        and (not wanted.chapters or example.chapter in wanted.chapters)
        and (not wanted.flags or not set(wanted.flags).isdisjoint(example.flags))
        and wanted.least_tokens <= example.tokens
        and (wanted.most_tokens is None or example.tokens <= wanted.most_tokens)
        and (not wanted.text or _folded(wanted.text) in _folded(_said(example)))
    )


def _said(example: Example) -> str:
    return "\n".join([*(turn.content for turn in example.messages), example.rejected or ""])


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
