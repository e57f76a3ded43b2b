"""Jobs: their states, the legal transitions between them, and what a page may know of one."""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class JobState(StrEnum):
    WAITING = "waiting"  # for the jobs it depends on
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  # its worker died; on the way back to the queue


TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.WAITING: frozenset({JobState.QUEUED, JobState.CANCELLED, JobState.FAILED}),
    JobState.QUEUED: frozenset(
        {JobState.RUNNING, JobState.FAILED, JobState.CANCELLED, JobState.LOST}
    ),
    JobState.RUNNING: frozenset(
        {JobState.FINISHED, JobState.FAILED, JobState.CANCELLED, JobState.LOST}
    ),
    JobState.LOST: frozenset({JobState.QUEUED, JobState.FAILED, JobState.CANCELLED}),
    JobState.FAILED: frozenset({JobState.QUEUED, JobState.WAITING}),  # retry
    JobState.CANCELLED: frozenset({JobState.QUEUED, JobState.WAITING}),  # resume
    JobState.FINISHED: frozenset(),
}
ENDED = frozenset({JobState.FINISHED, JobState.FAILED, JobState.CANCELLED})


ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(now: float) -> str:
    """Sorts by time; safe in addresses and file names."""
    value, digits = (int(now * 1000) << 40) | secrets.randbits(40), ""
    for _digit in range(17):
        value, digit = divmod(value, 32)
        digits = ALPHABET[digit] + digits
    return digits


class IllegalTransition(Exception):
    """A defect: something tried to move a job where no job may go."""


def transition(current: JobState, to: JobState) -> JobState:
    """The new state.

    Raises:
        IllegalTransition: the table has no such step.
    """
    if to not in TRANSITIONS[current]:
        raise IllegalTransition(f"A job cannot go from {current} to {to}.")
    return to


class Failure(BaseModel):
    """Why a job ended without its result, in a writer's words; detail is for engineers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    why: str
    remedy: str
    detail: str = ""
    cause: str = ""
    """What kind of thing went wrong: a studio.errors.Cause."""


class Job(BaseModel):
    """One row of the jobs table. Times are Unix seconds, ``rate`` is units a second."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: str
    queue: str
    title: str
    spec: dict[str, Any]
    state: JobState
    priority: int = 0
    attempt: int = 1
    losses: int = 0
    key: str | None = None
    after: tuple[str, ...] = ()
    """The jobs that must have finished before this one begins."""
    behind: tuple[str, ...] = ()
    """The jobs that must have ended before it, however they ended."""
    cancel_requested: bool = False
    created_at: float
    queued_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    step: int = 0
    steps: int | None = None
    unit: str = ""
    note: str = ""
    rate: float | None = None
    worker: str = ""
    device: str = ""
    checkpoint: str | None = None
    earlier: tuple[str, ...] = ()
    """Other checkpoints that are kept, the newest first; not a column of the row."""
    result: dict[str, Any] | None = None
    failure: Failure | None = None

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the rate; None while nothing can be said."""
        if not self.rate or self.steps is None or self.state is not JobState.RUNNING:
            return None
        return max(0.0, (self.steps - self.step) / self.rate)
