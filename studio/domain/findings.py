"""What preflight says: findings, each a sentence with a reason and remedies."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["blocks", "warns", "tells"]


class Remedy(BaseModel):
    """``changes`` are spec fields and their new values; empty for advice only. ``cost`` is what
    it costs in quality: 0 nothing, 1 hardly anything, 2 something, 3 much."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    changes: dict[str, Any] = {}
    cost: int = Field(0, ge=0, le=3)


class Finding(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str
    level: Level
    sentence: str
    reason: str
    remedies: tuple[Remedy, ...] = ()


class Report(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    findings: tuple[Finding, ...]

    def at(self, level: Level) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.level == level)

    @property
    def blocked(self) -> bool:
        return bool(self.at("blocks"))
