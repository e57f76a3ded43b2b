"""What a reader makes of a file, before cleaning."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ReaderOptions(BaseModel):
    """Options of a reader; the plain ones have none."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FootnoteOptions(ReaderOptions):
    """Options of a reader of files that have footnotes."""

    footnotes: bool = False
    """Keep foot- and endnotes, in square brackets where their marks stand."""


class ColumnOptions(ReaderOptions):
    """Options of a reader of rows and columns."""

    column: str = Field("", max_length=200)
    """The column that holds the text; found by its name or its length where none is given."""


class Reading(BaseModel):
    """The raw text of a manuscript, and what the file says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    encoding: str
    title: str = ""
    notes: tuple[str, ...] = ()
