"""What a builder is given to work with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from studio.datasets.example import Messages
from studio.text.packing import Sizes


class Question(NamedTuple):
    """A conversation that a writer is to answer with at most ``max_tokens`` tokens."""

    messages: Messages
    max_tokens: int
    seed: int = 0
    """Another one asks for another answer."""

    def digest(self, writer: str = "") -> bytes:
        """Of all that decides the answer; ``writer`` stands for the model and its settings."""
        whole = [writer, self.messages, self.max_tokens, self.seed]
        return hashlib.sha256(json.dumps(whole, ensure_ascii=True).encode()).digest()


class Usage(NamedTuple):
    """What was asked of a writer so far. Tokens as the writer counts them, where it does."""

    requests: int = 0
    read: int = 0
    written: int = 0

    def __add__(self, other: object) -> Usage:
        if not isinstance(other, Usage):
            return NotImplemented
        return Usage(*(a + b for a, b in zip(self, other, strict=True)))


class Writer(Protocol):
    """A model that writes for a builder, on this machine or behind an address."""

    usage: Usage

    def write(self, questions: Sequence[Question]) -> Iterator[Mapping[int, str]]:
        """Answers by the place of their question, in the groups in which they come. A question
        for which the hard cap leaves no room gets none.

        Raises:
            StudioError: the model cannot be loaded or reached.
            Stopped: the writer asked to stop.
        """


Ask = Callable[[Sequence[Question]], list[str | None]]
"""The answer to each question; None where the hard cap left it unasked."""


def _nobody(questions: Sequence[Question]) -> list[str | None]:
    return [None] * len(questions)


@dataclass(frozen=True)
class Tools:
    """``sizes`` counts tokens; ``ask`` reaches the writer that the spec names, and answers
    nothing where it names none; ``cast`` gives the people of a manuscript by its number."""

    sizes: Sizes
    ask: Ask = _nobody
    cast: Callable[[int], Sequence[str]] = lambda _manuscript: ()
