"""Passages of a dataset as the rows of numbers that a model learns from, none lost unseen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.datasets import stored
from studio.datasets.formatting import formatter_of
from studio.domain.recipes import FormatterSpec
from studio.domain.voices import FormattedExample

IGNORED = -100
"""The label of a token that is read but not learned."""
TRIES = 6

Messages = list[dict[str, str]]
Format = Callable[[Messages], FormattedExample]


@dataclass(frozen=True)
class Row:
    """One example; ``characters`` counts its completion, white space included."""

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    characters: int
    prompt: str

    @property
    def learned(self) -> int:
        return sum(label != IGNORED for label in self.labels)


@dataclass(frozen=True)
class Account:
    """Where every token of a split went: ``tokens + dropped_tokens`` is all there was."""

    rows: int
    tokens: int
    learned_tokens: int
    dropped_tokens: int
    shortened: int
    left_out: int


def rows_of(
    path: Path, tokenizer: Any, formatter: FormatterSpec, max_length: int
) -> tuple[list[Row], Account]:
    """The rows of one split and the account of its tokens. What readers rated as unwanted is
    not learned, and not counted.

    A conversation longer than ``max_length`` tokens loses the beginning of what came before,
    never a word of the completion; one whose completion alone is too long is left out.
    """
    chosen = formatter_of(formatter)

    def formatted(messages: Messages) -> FormattedExample:
        return chosen.run(tokenizer, messages)

    rows, total, shortened = [], 0, 0
    examples = [example for example in stored.read(path) if example.wanted]
    for example in examples:
        turns = example.turns
        whole = formatted(turns)
        total += len(whole.ids)
        fitting = fit(whole, turns, formatted, tokenizer, max_length)
        if fitting is None:
            continue
        shortened += len(fitting.ids) < len(whole.ids)
        rows.append(_row(fitting, turns))
    kept = sum(len(row.input_ids) for row in rows)
    account = Account(
        rows=len(rows),
        tokens=kept,
        learned_tokens=sum(row.learned for row in rows),
        dropped_tokens=total - kept,
        shortened=shortened,
        left_out=len(examples) - len(rows),
    )
    return rows, account


def fit(
    whole: FormattedExample, messages: Messages, formatted: Format, tokenizer: Any, max_length: int
) -> FormattedExample | None:
    """The conversation within ``max_length`` tokens, or None when its completion is too long.

    The text of the longest prompt turn is cut from its left, after its instruction, and the
    conversation is formatted anew, so that the template's own marks stay whole.
    """
    found = whole
    for _try in range(TRIES):
        over = len(found.ids) - max_length
        if over <= 0:
            return found
        shorter = _without_beginning(messages, over, tokenizer)
        if shorter is None:
            return None
        messages = shorter
        found = formatted(messages)
    return None


def _without_beginning(messages: Messages, tokens: int, tokenizer: Any) -> Messages | None:
    prompts = [i for i, m in enumerate(messages[:-1]) if m["role"] != "assistant"]
    if not prompts:
        return None
    longest = max(prompts, key=lambda i: len(messages[i]["content"]))
    instruction, gap, before = messages[longest]["content"].partition("\n\n")
    if not gap:
        instruction, before = "", instruction
    ids = tokenizer(before, add_special_tokens=False)["input_ids"]
    if not ids:
        return None
    # A cut may fall inside a character of several bytes; its remains are dropped.
    kept = tokenizer.decode(ids[tokens:], skip_special_tokens=False).lstrip("\ufffd")
    turn = {**messages[longest], "content": f"{instruction}{gap}{kept}"}
    return [*messages[:longest], turn, *messages[longest + 1 :]]


def _row(example: FormattedExample, messages: Messages) -> Row:
    labels = (i if m else IGNORED for i, m in zip(example.ids, example.mask, strict=True))
    return Row(
        input_ids=example.ids,
        labels=tuple(labels),
        characters=len(messages[-1]["content"]),
        prompt=messages[-2]["content"] if len(messages) > 1 else "",
    )


def spread(rows: Sequence[Row], count: int) -> list[Row]:
    """At most ``count`` rows, evenly over the whole, the first one included."""
    count = min(count, len(rows))
    return [rows[i * len(rows) // count] for i in range(count)]


def prompt_ids(row: Row) -> list[int]:
    """The ids before the completion: what the model is given when it writes."""
    start = next(i for i, label in enumerate(row.labels) if label != IGNORED)
    return list(row.input_ids[:start])
