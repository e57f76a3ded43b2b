"""A manuscript as it was understood: cleaned text, language, chapters."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Chapter(BaseModel):
    """``text[start:end]`` of the cleaned text, the heading included; offsets in characters.

    The first chapter also holds what stands before its heading: title page, table of contents.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    start: int
    end: int
    body: int | None = None
    """Where the prose begins, after the heading; None: at ``start``."""
    part: str = ""
    """The book, part or volume it belongs to, where the text has such."""

    @property
    def prose_start(self) -> int:
        return self.start if self.body is None else self.body

    @property
    def characters(self) -> int:
        return self.end - self.start


RemovalKind = Literal[
    "boilerplate", "page-numbers", "running-head", "hyphenation", "illustrations", "notes"
]


class Removal(BaseModel):
    """Something in a file that is not the author's prose, taken out or offered for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """The same whenever the same file is read."""
    kind: RemovalKind
    text: str
    """As it stood in the file, line for line."""
    at: int
    """Where it stands, or would stand, in the cleaned text: an offset in characters, at the
    beginning of a paragraph, or of a word for a hyphen."""
    note: str
    """What it is, in a writer's words."""
    count: int = 1
    """How many places of the file it stands for."""
    removed: bool = True
    """False: found, and still in the text."""


class Decisions(BaseModel):
    """A writer's say on what cleaning found: ids of removals to put back and to take out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: frozenset[str] = frozenset()
    drop: frozenset[str] = frozenset()


class Manuscript(BaseModel):
    """What a reader and the cleaning made of a file. Chapters tile the text without gaps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    language: Literal["en", "zh"]
    encoding: str
    text: str
    chapters: tuple[Chapter, ...]
    words: int
    characters: int
    """Without white space."""
    notes: tuple[str, ...] = ()
    """What cleaning changed, in a writer's words."""
    removals: tuple[Removal, ...] = ()
    """What cleaning took out or offers to take out, in the order of the text."""
