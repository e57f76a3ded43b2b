"""Rows that somebody gives, told apart into what is learned and what is held back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain, islice
from typing import Any, NamedTuple

from studio.datasets import columns as meaning
from studio.datasets.drafting import draft
from studio.datasets.example import Draft
from studio.datasets.rows import Row
from studio.datasets.splits import Section
from studio.domain.base import Language
from studio.domain.events import LogLine, Progressed
from studio.domain.recipes import Columns, RowsSpec
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.language import _
from studio.plugins import discover
from studio.text.languages import language_of

TOLD = 3
"""Rows that cannot be used which the log tells of one by one."""
PATIENCE = 2000
"""Rows that cannot be used after which, were they nearly all, the rest is not read."""
NEARLY_ALL = 0.95
MOST_HELD = 1.5
"""How much more than the share may be held back, so that groups stay whole."""
LEAST_HELD = 0.25
"""Share of all rows up to which a group is never parted: there may be few rows."""
TELL_EVERY = 0.5


class Given(NamedTuple):
    """One row: prose that is yet to be cut, or an example as it is."""

    id: str
    group: str
    """Hash of what it begins from: rows of one group are on one side of the split."""
    answer: str
    """Hash of what follows from it."""
    content: Draft | Section
    file: str

    @property
    def characters(self) -> int:
        if isinstance(self.content, Section):
            return len(self.content.text)
        return sum(len(turn["content"]) for turn in self.content.messages)


@dataclass
class Table:
    """All rows of a source, and the account of what was not used."""

    origin: dict[str, Any]
    columns: Columns
    given: list[Given] = field(default_factory=list)
    unused: Counter[str] = field(default_factory=Counter)
    """In how many rows a column held something that is not used."""
    unusable: int = 0

    @property
    def language(self) -> Language:
        """Of the first hundred thousand characters."""
        texts = (_prose(each.content) for each in self.given[:200])
        return language_of("\n".join(texts)[:100_000])

    @property
    def account(self) -> dict[str, Any]:
        """For the recipe: enough to have the same rows again."""
        return {
            "origin": self.origin,
            "columns": self.columns.model_dump(mode="json"),
            "unused_columns": dict(sorted(self.unused.items())),
            "unusable_rows": self.unusable,
        }


def read(spec: RowsSpec, room: Workroom) -> Table:
    """Every row of the source as a draft or as prose.

    Raises:
        StudioError: the source cannot be read, its columns are not known, or most of its
            rows cannot be used.
        Stopped: on request.
    """
    loader = discover("studio.datasets.loaders")[spec.kind]
    rows = loader.run(spec, room)
    stream = iter(rows)
    first = list(islice(stream, meaning.SEEN))
    table = Table(rows.origin, spec.columns or _recognised(first))
    _take(table, chain(first, stream), room)
    _tell(table, room)
    return table


def split(given: Iterable[Given], share: float) -> tuple[list[Given], list[Given]]:
    """What is learned, and about ``share`` of the characters held back: whole groups, chosen by
    the hash of their content, so that the same rows always give the same split. Where one
    question is asked in more rows than can be held back, its rows are told apart by their
    answers."""
    rows = list(given)
    weights: Counter[str] = Counter()
    for row in rows:
        weights[row.group] += row.characters
    most = max(MOST_HELD * share, LEAST_HELD) * sum(weights.values())
    parted = {group for group, weight in weights.items() if weight > most}
    groups = [row.answer if row.group in parted else row.group for row in rows]
    weights = Counter()
    for row, group in zip(rows, groups, strict=True):
        weights[group] += row.characters
    held = _held(weights, share)
    sides = [(row, group in held) for row, group in zip(rows, groups, strict=True)]
    return [row for row, out in sides if not out], [row for row, out in sides if out]


def _held(weights: Mapping[str, int], share: float) -> set[str]:
    wanted, taken = share * sum(weights.values()), 0
    held: set[str] = set()
    for group in sorted(weights):
        if taken < wanted and taken + weights[group] <= MOST_HELD * wanted:
            held.add(group)
            taken += weights[group]
    if not held and len(weights) > 1:
        held.add(min(sorted(weights), key=lambda group: weights[group]))
    return held


def _recognised(first: list[Row]) -> Columns:
    rows = [row for row in first if not row.wrong]
    guessed = meaning.guess(rows)
    if guessed.confidence == 1 or not rows:
        return guessed.columns
    names = ", ".join(f"“{column}”" for column in dict.fromkeys(c for r in rows for c in r.fields))
    raise StudioError(
        _("The columns of “{file}” are not known.").format(file=first[0].file),
        _("It has {names}, and nothing says which of them is what.").format(names=names),
        _("Say on the Datasets page which column is what; a guess is filled in there."),
    )


def _take(table: Table, rows: Iterable[Row], room: Workroom) -> None:
    began = told = time.monotonic()
    first: StudioError | None = None
    for number, row in enumerate(rows, 1):
        if room.stopped():
            raise Stopped({})
        table.unused.update(meaning.unused_of(row, table.columns))
        try:
            table.given.append(_given(number, row, table.columns))
        except StudioError as problem:
            table.unusable += 1
            if table.unusable >= PATIENCE and table.unusable > NEARLY_ALL * number:
                raise _most(table, number, problem) from problem
            if table.unusable <= TOLD:
                room.emit(LogLine(level="warning", text=f"{problem.what} {problem.why}"))
            first = first or problem
        if (now := time.monotonic()) - told > TELL_EVERY:
            told, rate = now, number / (now - began)
            room.emit(Progressed(step=number, unit=_("rows"), note=row.file, rate=rate))
    if first and table.unusable >= len(table.given):
        raise _most(table, number, first) from first


def _most(table: Table, read: int, problem: StudioError) -> StudioError:
    """What is said where a row that can be used is the exception."""
    if read == table.unusable == 1:
        return problem
    return StudioError(
        _("Most rows cannot be used."),
        _("{count} of {read} cannot. {what} {why}").format(
            count=table.unusable, read=read, what=problem.what, why=problem.why
        ),
        _("Say on the Datasets page which column is what, or correct the rows, and try again."),
    )


def _given(number: int, row: Row, columns: Columns) -> Given:
    found = draft(row, columns)
    if isinstance(found, str):
        section = Section(-1, number - 1, row.place, found, language_of(found[:20_000]))
        return Given(f"r{number}", _hash(found), _hash(found), section, row.file)
    question, answer = _question(found), found.messages[-1]["content"]
    return Given(f"r{number}", _hash(question), _hash(answer), found, row.file)


def _question(found: Draft) -> str:
    """What the conversation begins from: the same question with other answers is one group."""
    asked = (turn["content"] for turn in found.messages if turn["role"] == "user")
    return next(asked, found.messages[-1]["content"])


def _hash(text: str) -> str:
    return sha256(" ".join(text.split()).encode()).hexdigest()


def _prose(content: Draft | Section) -> str:
    return content.text if isinstance(content, Section) else content.messages[-1]["content"]


def _tell(table: Table, room: Workroom) -> None:
    if table.unusable > TOLD:
        note = _("{count} rows could not be used and were left out.")
        room.emit(LogLine(level="warning", text=note.format(count=table.unusable)))
    for column, count in sorted(table.unused.items()):
        note = _("The column “{column}” is not used; {count} rows have something in it.")
        room.emit(LogLine(level="warning", text=note.format(column=column, count=count)))
    for name in table.origin.get("not_read", ()):
        room.emit(
            LogLine(level="warning", text=_("The file {name} was not read.").format(name=name))
        )
