"""A look at what a dataset would be made of, before it is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from studio.datasets import columns as meaning
from studio.datasets import preview as glance
from studio.datasets.columns import Guess
from studio.datasets.drafting import draft
from studio.datasets.example import Draft, Example
from studio.datasets.formatting import formatter_of
from studio.datasets.rows import Row
from studio.domain.manuscripts import Manuscript
from studio.domain.recipes import Columns, FileRows, PrepareSpec
from studio.domain.voices import FormattedExample
from studio.errors import StudioError
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
    found = _usable(rows, columns)
    return [each for each in islice(found, EXAMPLES) if isinstance(each, Draft)]


def _usable(rows: Sequence[Row], columns: Columns) -> Iterator[Draft | str]:
    """What becomes of the rows that can be used; the others are told of when the
    dataset is made.

    Raises:
        StudioError: none of them can.
    """
    first: StudioError | None = None
    used = False
    for row in rows:
        try:
            yield draft(row, columns)
            used = True
        except StudioError as problem:
            first = first or problem
    if first and not used:
        raise first


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
    """Role and text of each turn of the first row that these columns can make something of;
    prose is what the assistant writes.

    Raises:
        StudioError: names the column and the value that cannot be used.
    """
    rows = datasets.first_rows(artifact)
    found = next(_usable(rows, columns), "")
    if isinstance(found, str):
        return [("assistant", found)]
    return [(turn["role"], turn["content"]) for turn in found.messages]
