"""One example of a dataset, as builders draft it and as it is stored."""

from __future__ import annotations

import unicodedata
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

Messages = list[dict[str, str]]
Reason = Literal["no_request", "no_pair", "unreadable", "copied", "ungraded", "graded_low"]
CUT_SENTENCE = "cut_sentence"
"""Flags an example that begins or ends within a sentence too long for one passage."""


class Draft(NamedTuple):
    """A conversation whose last turn, the assistant's, is what a model learns to write."""

    messages: Messages
    rejected: str | None = None
    """What it should rather not have written in that place."""
    wanted: bool = True
    """False: readers rated it as what should not be written."""
    flags: tuple[str, ...] = ()


class Skipped(NamedTuple):
    """A passage that no example could be made of, and why; counted by reason."""

    reason: Reason


class Turn(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


class Example(BaseModel):
    """A line of train.jsonl and validation.jsonl.

    A single turn, the assistant's, is raw text: it is learned without any prompt.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    messages: tuple[Turn, ...] = Field(min_length=1)
    rejected: str | None = None
    """Of a pair of preference: what the model should rather not have written."""
    wanted: bool = True
    """False: rated by readers as what should not be written (the unpaired form of preference)."""
    chapter: str
    """Where it comes from: a chapter, a file, a topic."""
    tokens: int = Field(ge=0)
    """Of the whole conversation, as the formatter gives it."""
    characters: int = Field(ge=0)
    """Of the completion, white space included."""
    flags: tuple[str, ...] = ()
    """What a check found worth a look."""

    @property
    def completion(self) -> str:
        return self.messages[-1].content

    @property
    def is_equal(self) -> bool:
        """Whether both texts of a pair have the same words, however they are spaced and encoded:
        there is nothing to prefer in it."""
        return self.rejected is not None and _words(self.rejected) == _words(self.completion)

    def edited(self, completion: str, rejected: str | None) -> Example:
        """With other words; ``rejected`` None: as it is. Its tokens are those it had."""
        *before, last = self.messages
        changes = {
            "messages": (*before, last.model_copy(update={"content": completion})),
            "rejected": self.rejected if rejected is None else rejected,
            "characters": len(completion),
        }
        return self.model_copy(update=changes)

    @property
    def turns(self) -> Messages:
        """The conversation as formatters take it."""
        return [turn.model_dump() for turn in self.messages]

    @property
    def form(self) -> Literal["conversation", "preference", "text"]:
        if self.rejected is not None:
            return "preference"
        return "conversation" if len(self.messages) > 1 else "text"


def _words(text: str) -> list[str]:
    """Letters that are put together of several, and signs that nobody sees, are as they are in
    other files."""
    seen = (c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) != "Cf")
    return "".join(seen).split()
