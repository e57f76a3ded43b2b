"""What runs on the studio host, as the supervisor writes it down and ``doctor`` reads it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Phase = Literal["starting", "running", "stopping"]


class ChildState(BaseModel):
    """One process. ``since`` is when it entered its state (Unix seconds); ``last_exit`` is the
    exit status of the one before it (negative: the signal that ended it)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    state: Literal["waiting", "starting", "ready", "stopped"]
    pid: int | None = None
    since: float
    restarts: int = 0
    last_exit: int | None = None


class RunnerState(BaseModel):
    """The supervisor and its children. "running" means that the broker is ready: jobs can be
    submitted, and what they need comes up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    started_at: float
    phase: Phase
    children: tuple[ChildState, ...] = ()
