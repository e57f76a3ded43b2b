"""Whether llama.cpp, the engine that writes and converts, is there, and how far its building is."""

from __future__ import annotations

import redis

from studio.conversion import toolkit
from studio.domain.jobs import Job, JobState
from studio.domain.runner import EngineBuild
from studio.domain.specs import CONVERT
from studio.errors import StudioError
from studio.jobs import keys, live, queue
from studio.language import _, n_

WRITE = "write-llamacpp"


def build() -> EngineBuild | None:
    """How far the building is; None once the engine is there."""
    if toolkit.ready():
        return None
    try:
        said = live.build(queue.shared())
    except (redis.RedisError, StudioError):
        said = None
    return said or EngineBuild(phase="absent")


def build_again() -> None:
    """Have a build that failed tried again.

    Raises:
        StudioError: the studio's workshop does not run.
    """
    queue.shared().set(keys.ENGINE_AGAIN, 1, ex=60)


def awaited(job: Job) -> EngineBuild | None:
    """What a job in line waits for, if that is the engine."""
    waits = job.state is JobState.QUEUED and job.queue in (CONVERT, WRITE)
    return build() if waits else None


def check(job: Job) -> None:
    """For whoever waits for the job.

    Raises:
        StudioError: it waits for an engine that could not be built.
    """
    state = awaited(job)
    if state is not None and state.phase == "failed":
        raise StudioError(
            _("The writing engine could not be built."),
            state.said,
            _("“{title}” stays in line, and begins once it is built: press “Try again” on Home, or "
              "run “make setup”.").format(title=job.title),
        )  # fmt: skip


def standing(state: EngineBuild) -> str:
    """In a few words, without a full stop."""
    if state.phase == "failed":
        return _("the writing engine could not be built")
    if state.phase == "absent":
        return _("the writing engine is still to be built")
    if state.seconds_left is None:
        return _("the writing engine is being built, some minutes left")
    minutes = max(1, round(state.seconds_left / 60))
    return n_(
        "the writing engine is being built, about {n} minute left",
        "the writing engine is being built, about {n} minutes left",
        minutes,
    ).format(n=minutes)
