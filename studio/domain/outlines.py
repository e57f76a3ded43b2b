"""A manuscript as a tree: parts, chapters, scenes. Lengths as writers of its language count."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Place(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    at: int
    """Offset in the cleaned text, in characters."""
    length: int
    """Characters for Chinese, words for English."""


class SceneOutline(_Place):
    """``title`` is how the scene opens."""


class ChapterOutline(_Place):
    scenes: tuple[SceneOutline, ...] = ()
    """Empty where the chapter is one scene."""


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    """Empty for chapters that belong to no part."""
    chapters: tuple[ChapterOutline, ...]
