"""The memory reckoned against tables of what trainings really took."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from studio.models.shape import shape_of
from studio.preflight.memory import estimate
from studio.preflight.setup import Setup

GIB = 2**30


class Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Case(Row):
    """What was taken at so many tokens, everything included. ``setup`` holds what differs from
    the table's, ``config`` what differs from its model."""

    tokens: int
    gib: float
    allocated_gib: float | None = None
    """Without the runtime and gaps, where it was measured."""
    setup: dict[str, Any] = {}
    config: dict[str, Any] = {}


class Table(Row):
    """One published curve, or what was measured on one machine. A table that is not
    ``counted`` lies outside what the estimate is for."""

    source: str
    reading: str
    counted: bool = True
    config: dict[str, Any] = {}
    setup: dict[str, Any] = {}
    cases: tuple[Case, ...]


class Compared(Row):
    """Errors in percent of what was taken; less than nothing: too little was reckoned."""

    tokens: int
    gib: float
    reckoned_gib: float
    error_percent: float


def read(folder: Path) -> dict[str, Table]:
    """The tables of a folder by name."""
    return {
        path.stem: Table.model_validate_json(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"))
    }


def compare(table: Table) -> list[Compared]:
    """Every case of a table with what is reckoned for it."""
    found = []
    for case in table.cases:
        setup = Setup.model_validate({**table.setup, **case.setup, "tokens": case.tokens})
        reckoned = estimate(shape_of({**table.config, **case.config}), setup).total / GIB
        error = 100 * (reckoned / case.gib - 1)
        found.append(
            Compared(tokens=case.tokens, gib=case.gib, reckoned_gib=reckoned, error_percent=error)
        )
    return found


def within(compared: Sequence[Compared], percent: float = 10.0) -> float:
    """The share of cases whose error is at most ``percent`` either way."""
    return sum(abs(c.error_percent) <= percent for c in compared) / max(1, len(compared))


def worst_under(compared: Sequence[Compared]) -> float:
    """By how many percent too little was reckoned where it was worst; 0 where it never was."""
    return max(0.0, *(-c.error_percent for c in compared))
