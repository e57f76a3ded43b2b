"""The names of everything the studio keeps in Redis, besides RQ's own."""

from __future__ import annotations

PREFIX = "lorewright"
STREAM = f"{PREFIX}:events"
"""Stream of events on their way to the recorder; field ``e`` holds one event as JSON."""
GROUP = "recorder"
SENT = f"{PREFIX}:sent"
"""Hash: attempt → the seq up to which its events were put on the stream."""
RECORDED = f"{PREFIX}:recorded"
"""Hash: attempt → the seq up to which its events are in SQLite."""
RECORDER = f"{PREFIX}:recorder"
"""Hash that the recorder renews: its host, pid and what it has done."""
ENGINE = f"{PREFIX}:engine"
"""How far the building of llama.cpp is, as JSON; expires unless its builder renews it."""
ENGINE_AGAIN = f"{PREFIX}:engine:again"
"""There when a build that failed is to be tried again."""
DISPATCH = f"{PREFIX}:dispatch:"


def attempt_of(job_id: str, attempt: int) -> str:
    """The name of one attempt; also the id of its RQ job."""
    return f"{job_id}-{attempt}"


def dispatch(job_id: str) -> str:
    """Hash: what the newest attempt is to do."""
    return f"{DISPATCH}{job_id}"


def claim(job_id: str, attempt: int) -> str:
    """The token of the one process that may run this attempt."""
    return f"{PREFIX}:claim:{attempt_of(job_id, attempt)}"


def lease(job_id: str) -> str:
    """Says that a process is at work on the job; expires unless renewed."""
    return f"{PREFIX}:lease:{job_id}"


def cancel(job_id: str) -> str:
    """Holds the number of the attempt that is to stop."""
    return f"{PREFIX}:cancel:{job_id}"


def live(job_id: str) -> str:
    """Stream of newly written text for those who follow the job."""
    return f"{PREFIX}:live:{job_id}"


def expected(line: str) -> str:
    """There while somebody may soon ask for work in this queue; expires."""
    return f"{PREFIX}:expected:{line}"


def worker(name: str) -> str:
    return f"{PREFIX}:worker:{name}"
