"""Entries of a lorebook, and their earlier texts."""

from __future__ import annotations

from typing import Literal

from studio.domain.records import Record

LoreType = Literal["character", "place", "plot", "rule", "thing"]


class LoreEntry(Record):
    id: str
    type: LoreType
    name: str
    aliases: tuple[str, ...]
    text: str
    created_at: float
    updated_at: float
    deleted_at: float | None = None

    @property
    def touched_at(self) -> float:
        """When it was written or deleted last."""
        return max(self.updated_at, self.deleted_at or 0)


class LoreRevision(Record):
    """An earlier text of an entry; ``at`` is when it was written."""

    id: int
    entry: str
    name: str
    aliases: tuple[str, ...]
    text: str
    at: float
