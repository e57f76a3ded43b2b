"""A look at what a dataset would be made of, before it is made."""

from __future__ import annotations

from typing import NamedTuple

from studio.datasets import columns as meaning
from studio.datasets import preview as glance
from studio.datasets.columns import Guess
from studio.datasets.drafting import draft
from studio.datasets.example import Draft, Example
from studio.datasets.formatting import formatter_of
from studio.domain.manuscripts import Manuscript
from studio.domain.recipes import Columns, FileRows, PrepareSpec
from studio.domain.voices import FormattedExample
from studio.services import datasets
from studio.services.context import store
from studio.text.engine import CONTENT

EXAMPLES, FORMATTED = 10, 5


class Preview(NamedTuple):
    """Ten examples, and the first five of them as the model would see them."""

    examples: list[Example]
    formatted: list[FormattedExample]


def preview(spec: PrepareSpec) -> Preview:
    """What the beginning of the dataset would be.

    Raises:
        StudioError: the recipe cannot be followed.
    """
    manuscripts = [
        Manuscript.model_validate_json((store().fetch(artifact) / CONTENT).read_bytes())
        for artifact in spec.manuscripts
    ]
    examples = glance.preview(spec, manuscripts, _of_rows(spec), store().fetch, EXAMPLES)
    formatter, tokenizer = formatter_of(spec.formatter), datasets.tokenizer_of(spec.model)
    turns = [[turn.model_dump() for turn in e.messages] for e in examples[:FORMATTED]]
    return Preview(examples, [formatter.run(tokenizer, each) for each in turns])


def _of_rows(spec: PrepareSpec) -> list[Draft]:
    """The first rows of uploaded tables that are examples as they are; prose is not cut here."""
    if not isinstance(spec.rows, FileRows):
        return []
    rows = datasets.first_rows(spec.rows.artifact)
    columns = spec.rows.columns or meaning.guess(rows).columns
    found = (draft(row, columns) for row in rows[:EXAMPLES])
    return [each for each in found if isinstance(each, Draft)]


def guess(artifact: str) -> Guess:
    """What the columns of uploaded tables probably mean.

    Raises:
        StudioError: they hold no table that can be read.
    """
    return meaning.guess(datasets.first_rows(artifact))


def fields_of(columns: Columns) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields that a shape must have, and those that it may have."""
    return meaning.NEEDED[columns.shape], meaning.ALLOWED[columns.shape]


def drafted(artifact: str, columns: Columns) -> list[tuple[str, str]]:
    """Role and text of each turn of the first row as these columns make it; prose is what the
    assistant writes.

    Raises:
        StudioError: names the column and the value that cannot be used.
    """
    found = draft(datasets.first_rows(artifact)[0], columns)
    if isinstance(found, str):
        return [("assistant", found)]
    return [(turn["role"], turn["content"]) for turn in found.messages]
