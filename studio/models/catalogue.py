"""The catalogue of open models for writers, which answers without a network."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from studio.domain.shapes import Shape
from studio.models.shape import shape_of
from studio.models.source import SUPPORTED
from studio.settings import settings

NO_MONEY = ("qwen-research", "cc-by-nc", "mrl")
"""Beginnings of licences under which nothing may be earned."""


class Entry(BaseModel):
    """``context`` is in tokens; ``config`` holds what the model's config.json says of its build.

    ``gated`` says whether the Hub asks for consent first; ``parameters`` is the published count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    name: str
    year: int = Field(ge=2024, le=2026)
    licence: str
    gated: Literal["yes", "no", "unknown"]
    languages: tuple[str, ...]
    good_for: str
    context: int
    parameters: int
    architecture: str
    config: dict[str, Any]

    @property
    def shape(self) -> Shape:
        return shape_of(self.config)

    @property
    def teachable(self) -> bool:
        """Whether the studio can teach models of this kind."""
        return self.architecture in SUPPORTED

    @property
    def for_money(self) -> bool:
        """Whether its licence lets a writer sell what it wrote."""
        return not self.licence.startswith(NO_MONEY)


def catalogue() -> tuple[Entry, ...]:
    """All entries, in the order of the file."""
    return _read(settings().catalogue)


def entry(name: str) -> Entry | None:
    """The model with this Hub id, if the catalogue has it."""
    return next((found for found in catalogue() if found.id == name), None)


@lru_cache(maxsize=4)
def _read(path: Path) -> tuple[Entry, ...]:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(Entry.model_validate(found) for found in content["models"])
