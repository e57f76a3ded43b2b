"""Passages of a dataset as the rows of numbers that a model learns from, none lost unseen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from studio.datasets import stored
from studio.datasets.example import Example
from studio.datasets.formatting import Formatter, formatter_of
from studio.datasets.masking import plain_ids
from studio.domain.prompts import parts
from studio.domain.recipes import FormatterSpec, Template
from studio.domain.voices import FormattedExample

IGNORED = -100
"""The label of a token that is read but not learned."""
TRIES = 6
OPENING = 24
"""Tokens of a raw text that a sample begins with, at most."""

Messages = list[dict[str, str]]
Reading = Literal["completions", "pairs", "ratings", "text"]
"""What is learned of an example: its completion; its completion against the text that is rejected
in that place; either of both, as wanted or not; or every token of raw text."""


@dataclass(frozen=True)
class Row:
    """One example; ``characters`` counts its completion, white space included."""

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    characters: int
    prompt: str
    """The last turn before the completion; empty for raw text."""
    rejected: Row | None = None
    """The other text of a pair, after the same prompt."""
    wanted: bool = True
    """False: rated as what should not be written."""
    chapter: str = ""
    """Where it comes from."""

    @property
    def texts(self) -> tuple[Row, ...]:
        """The row itself, and the text that is rejected in its place."""
        return (self,) if self.rejected is None else (self, self.rejected)

    @property
    def tokens(self) -> int:
        return sum(len(text.input_ids) for text in self.texts)

    @property
    def learned(self) -> int:
        """Tokens that are compared or learned, of both texts of a pair."""
        return sum(label != IGNORED for text in self.texts for label in text.labels)


@dataclass(frozen=True)
class PackedRow(Row):
    """Several examples one after another. ``parts`` are their lengths in tokens: none of them
    reads another, and each counts its positions from 0."""

    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Account:
    """Where every token of a split went: ``tokens + dropped_tokens`` is all there was. Of a pair
    both texts count, each with its prompt."""

    rows: int
    tokens: int
    learned_tokens: int
    dropped_tokens: int
    shortened: int
    left_out: int
    equal: int = 0
    """Pairs among those left out whose two texts are one and the same."""
    unlearned: int = 0
    """Answers within conversations that the template does not let be learned."""


@dataclass(frozen=True)
class Taken:
    """The rows of one example, none where it does not fit, and the tokens it had."""

    rows: tuple[Row, ...]
    tokens: int
    equal: bool = False
    unlearned: int = 0


def rows_of(
    path: Path,
    tokenizer: Any,
    formatter: FormatterSpec,
    max_length: int,
    reads: Reading = "completions",
    template: Template | None = None,
) -> tuple[list[Row], Account]:
    """The rows of one split and the account of its tokens. What readers rated as unwanted is
    not counted, except by an objective that learns from ratings.

    A conversation longer than ``max_length`` tokens loses the beginning of what came before,
    never a word of the completion; one whose completion alone is too long is left out, and so
    is a pair when one of its texts is, or when both are the same. Read as text, an
    example is cut where a row is full.
    """
    about = stored.about(path.parent)
    reader = Reader(tokenizer, formatter_of(formatter, template), max_length, reads, about)
    wanted = [e for e in stored.read(path) if e.wanted or reads == "ratings"]
    taken = [reader.take(example) for example in wanted]
    return [row for found in taken for row in found.rows], _account(taken)


def _account(taken: Sequence[Taken]) -> Account:
    kept = [(found, sum(row.tokens for row in found.rows)) for found in taken]
    rows = [row for found in taken for row in found.rows]
    return Account(
        rows=len(rows),
        tokens=sum(tokens for _found, tokens in kept),
        learned_tokens=sum(row.learned for row in rows),
        dropped_tokens=sum(found.tokens - tokens for found, tokens in kept),
        shortened=sum(bool(found.rows) and tokens < found.tokens for found, tokens in kept),
        left_out=sum(not found.rows for found in taken),
        equal=sum(found.equal for found in taken),
        unlearned=sum(found.unlearned for found in taken if found.rows),
    )


@dataclass(frozen=True)
class Reader:
    """Turns examples into rows of at most ``max_length`` tokens."""

    tokenizer: Any
    formatter: Formatter
    max_length: int
    reads: Reading
    about: str = ""
    """The lines about the story that stand in front of what came before."""

    def take(self, example: Example) -> Taken:
        messages = _versions(example.turns, self._rejected(example))
        whole = self._formatted(messages)
        tokens = sum(len(found.ids) for found in whole)
        if self.reads == "pairs" and example.rejected is None:
            return Taken((), tokens)
        if len(whole) > 1 and (example.is_equal or whole[0].ids == whole[1].ids):
            return Taken((), tokens, equal=True)
        if self.reads == "text":
            pieces = _pieces(whole[0], messages[0], self.max_length)
            return Taken(tuple(replace(row, chapter=example.chapter) for row in pieces), tokens)
        fitting = self._fit(whole, messages)
        if fitting is None:
            return Taken((), tokens)
        rows = [self._row(found, turns) for found, turns in zip(*fitting, strict=True)]
        chosen = replace(rows[0], wanted=example.wanted, chapter=example.chapter)
        row = replace(chosen, rejected=rows[1] if len(rows) > 1 else None)
        unlearned = whole[0].unlearned if self.reads == "completions" else 0
        return Taken((row,), tokens, unlearned=unlearned)

    def _rejected(self, example: Example) -> str | None:
        return example.rejected if self.reads in ("pairs", "ratings") else None

    def _formatted(self, versions: Sequence[Messages]) -> list[FormattedExample]:
        return [self.formatter.run(self.tokenizer, messages) for messages in versions]

    def _fit(
        self, whole: list[FormattedExample], versions: list[Messages]
    ) -> tuple[list[FormattedExample], list[Messages]] | None:
        """All versions of a conversation within ``max_length`` tokens after one prompt, or None
        when a completion is too long.

        What came before is cut from its left, and what is said about the story only when nothing
        of that is left. The conversation is formatted anew, so that the template's own marks stay
        whole.
        """
        found = whole
        for _try in range(TRIES + len(versions[0])):
            over = max(len(version.ids) for version in found) - self.max_length
            if over <= 0:
                return found, versions
            shorter = _shorter(versions[0], over, self.tokenizer, self.about)
            if shorter is None:
                return None
            versions = [[*shorter[:-1], version[-1]] for version in versions]
            found = self._formatted(versions)
        return None

    def _row(self, example: FormattedExample, messages: Messages) -> Row:
        begin = 0 if self.reads == "completions" else self._begin(messages)
        kept = (m and n >= begin for n, m in enumerate(example.mask))
        labels = (i if k else IGNORED for i, k in zip(example.ids, kept, strict=True))
        return Row(
            input_ids=example.ids,
            labels=tuple(labels),
            characters=len(messages[-1]["content"]),
            prompt=messages[-2]["content"] if len(messages) > 1 else "",
        )

    def _begin(self, messages: Messages) -> int:
        """Where the last turn begins: of two texts that are compared, nothing before it counts."""
        if not any(turn["role"] == "assistant" for turn in messages[:-1]):
            return 0
        return len(self.formatter.asked(self.tokenizer, messages[:-1]).ids)


def _versions(turns: Messages, rejected: str | None) -> list[Messages]:
    return (
        [turns] if rejected is None else [turns, [*turns[:-1], {**turns[-1], "content": rejected}]]
    )


def _pieces(text: FormattedExample, messages: Messages, max_length: int) -> Iterable[Row]:
    """Rows of ``max_length`` tokens of which every one is learned."""
    for start in range(0, len(text.ids), max_length):
        ids = text.ids[start : start + max_length]
        # The marks that begin and end a text are no characters of it.
        shown = zip(text.pieces[start : start + max_length], text.mask[start:], strict=False)
        characters = sum(len(piece) for piece, learned in shown if learned)
        if start + max_length >= len(text.ids):
            characters -= len(text.pieces[-1])
        yield Row(ids, ids, characters, messages[-2]["content"] if len(messages) > 1 else "")


def _shorter(messages: Messages, tokens: int, tokenizer: Any, about: str) -> Messages | None:
    """With fewer tokens, or None where nothing may go: of what the users said what came before
    goes first, then what is said about the story, and the system's text last."""
    asking = [i for i, m in enumerate(messages[:-1]) if m["role"] != "assistant"]
    if tokens > sum(len(messages[i]["content"].encode()) for i in asking):
        return None  # not even if every byte of them were a token
    shown = {i: parts(messages[i]["content"], about) for i in asking}
    told = {i: found for i, found in shown.items() if messages[i]["role"] == "user"}
    system = {i: found for i, found in shown.items() if i not in told}
    for name, found in (("before", told), ("about", told), ("before", system)):
        longest = max(found, key=lambda i: len(getattr(found[i], name)), default=None)
        if longest is None or not getattr(found[longest], name):
            continue
        kept = _kept(getattr(found[longest], name), tokens, tokenizer)
        content = "".join(found[longest]._replace(**{name: kept}))
        turn = {**messages[longest], "content": content}
        return [*messages[:longest], turn, *messages[longest + 1 :]]
    return None


def _kept(text: str, tokens: int, tokenizer: Any) -> str:
    """The text without so many tokens at its beginning."""
    ids = plain_ids(tokenizer, text)
    # A cut may fall inside a character of several bytes; its remains are dropped.
    kept: str = tokenizer.decode(ids[tokens:], skip_special_tokens=False)
    return kept.lstrip("\ufffd")


def spread(rows: Sequence[Row], count: int) -> list[Row]:
    """At most ``count`` rows, evenly over the whole, the first one included."""
    count = min(count, len(rows))
    return [rows[i * len(rows) // count] for i in range(count)]


def openings(rows: Sequence[Row], count: int) -> list[Row]:
    """At most ``count`` rows to write on from, one of each chapter as far as there are enough.

    It is the second, as its prompt shows how the chapter opens; the first follows a bare title.
    Of raw text it is the first: what is written on from is the beginning of the row itself.
    """
    chapters = [list(found) for _chapter, found in groupby(rows, key=lambda row: row.chapter)]
    chosen = spread([found[bool(found[0].prompt) and len(found) > 1] for found in chapters], count)
    more = spread([row for row in rows if row not in chosen], count - len(chosen))
    return [row for row in rows if row in chosen or row in more]


def prompt_ids(row: Row) -> list[int]:
    """The ids before the completion, or the opening of a raw text: what the model is given when
    it writes."""
    start = next(i for i, label in enumerate(row.labels) if label != IGNORED)
    if not row.prompt:
        start = min(start + OPENING, len(row.input_ids) // 2 or 1)
    return list(row.input_ids[:start])
