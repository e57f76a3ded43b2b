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


class EngineBuild(BaseModel):
    """How far the compiling of llama.cpp is: ``done`` of ``total`` objects (0: not begun);
    ``seconds_left`` where that can be told. ``said``: why it failed and what to do. "absent" means
    that nobody is building it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phase: Literal["building", "failed", "absent"]
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    said: str = ""
