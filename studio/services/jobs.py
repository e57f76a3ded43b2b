"""Submitting, watching, stopping and resuming jobs. The row comes first, the queue second."""

from __future__ import annotations

import importlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis

from studio.domain.jobs import Job, JobState, new_id
from studio.domain.records import WorkerInfo
from studio.domain.specs import LIGHT, AnySpec, queue_of
from studio.errors import StudioError
from studio.jobs import leases, live, queue, reconcile
from studio.language import _
from studio.services.context import db
from studio.store import Database, database, events, jobs

_log = logging.getLogger(__name__)

_held = threading.local()
"""The ids of jobs whose transaction is still open, in ``jobs``; see ``together``."""

RECHECKS = {"train": "studio.services.lessons", "merge": "studio.services.merging"}
"""Whose ``recheck`` looks a job over before it is queued again; it raises StudioError to say no."""

LOOK = 0.1
SETTLE = 2.0
"""Seconds to wait for the row of a job whose last word was already heard."""


def submit(
    spec: AnySpec,
    title: str,
    key: str | None = None,
    priority: int = 0,
    after: Sequence[str] = (),
    behind: Sequence[str] = (),
    alongside: Callable[[Database, Job], None] | None = None,
) -> Job:
    """Put a job in line; with a ``key``, the job that is already alive under it, if any.

    Jobs named in ``after`` and those that the spec refers to (``job:<id>/<name>``) must finish
    first; those named in ``behind`` must have ended, in whatever way. While the broker is away the
    job stays queued and goes out when it is back. Rows that belong to a new job are written by
    ``alongside`` in the same transaction.

    Raises:
        StudioError: a job it should wait for does not exist, or the database cannot be written.
    """
    content = spec.model_dump(mode="json")
    before = (*after, *(job_id for job_id, _name in reconcile.references(content)))
    job = _new(content, queue_of(spec), title, key, priority, before, tuple(behind))
    with _writing():
        existing = jobs.alive_with_key(db(), key) if key else None
        if existing:
            return existing
        job = _insert(job)
        if alongside:
            alongside(db(), job)
    _offer(job)
    if job.kind not in LIGHT:
        _broker(lambda client: live.expect(job.queue, client))
    return job


@contextmanager
def together() -> Iterator[None]:
    """All jobs that the body submits are asked for in one transaction: all of them, or none. What
    is asked for together inside of another such body belongs to that one."""
    if getattr(_held, "jobs", None) is not None:
        yield
        return
    with _writing():
        _held.jobs = []
        try:
            yield
        except BaseException:
            _held.jobs = None
            raise
    held, _held.jobs = _held.jobs, None
    for job_id in held:
        _offer(get(job_id))


def cancel(job_id: str) -> Job:
    """Stop a job: at once while it waits, else as soon as its engine has saved its work."""
    with _writing():
        job = get(job_id)
        if job.ended:
            return job
        if job.state is JobState.RUNNING:
            jobs.update(db(), job.id, cancel_requested=True)
        else:
            jobs.move(db(), job.id, JobState.CANCELLED, ended_at=time.time(), note="")
    if job.state is JobState.RUNNING:
        _broker(lambda client: leases.ask_to_stop(job.id, job.attempt, client))
    else:
        _broker(lambda client: queue.withdraw(job, client))
    return get(job_id)


def retry(job_id: str) -> Job:
    """Try a failed job again, or resume one that was stopped, from its last checkpoint.

    Raises:
        StudioError: what it needs is not there any more; see ``RECHECKS``.
    """
    if (found := get(job_id)).state in (JobState.FAILED, JobState.CANCELLED):
        _recheck(found)
    with _writing():
        job = get(job_id)
        if job.state not in (JobState.FAILED, JobState.CANCELLED):
            return job
        existing = jobs.alive_with_key(db(), job.key) if job.key else None
        if existing:
            return existing
        never_queued = bool(job.after or job.behind) and job.queued_at is None
        job = jobs.move(
            db(), job.id, JobState.WAITING if never_queued else JobState.QUEUED,
            attempt=job.attempt + 1, losses=0, cancel_requested=False,
            queued_at=None if never_queued else time.time(), ended_at=None, failure=None,
            result=None, note="", rate=None, worker="", device="",
        )  # fmt: skip
        job = reconcile.advanced(db(), job.id) or job
    _offer(job)
    return job


def _recheck(job: Job) -> None:
    """What was true when the job was first asked for may not be so any more."""
    if job.kind in RECHECKS:
        importlib.import_module(RECHECKS[job.kind]).recheck(job)


def get(job_id: str) -> Job:
    """The job as it is now.

    Raises:
        StudioError: there is none with this id.
    """
    job = jobs.get(db(), job_id)
    if job is None:
        raise StudioError(
            _("This job is not in the studio."),
            _("No job has the id {id}.").format(id=job_id),
            _("Look at the Jobs page for the jobs there are."),
        )
    return job


def list_jobs(
    states: Sequence[JobState] = (), kinds: Sequence[str] = (), limit: int = 200
) -> list[Job]:
    """The newest first."""
    return jobs.select(db(), states, kinds, limit)


def alive(*kinds: str) -> list[Job]:
    """Jobs of these kinds that have not ended, the newest first."""
    return jobs.select(db(), jobs.ALIVE, kinds, 200)


def log(job_id: str, limit: int = 200) -> list[dict[str, Any]]:
    """The last lines of the job's log: ``at``, ``level``, ``text``; the oldest first."""
    return events.log_lines(db(), job_id, limit)


def place_in_line(job_id: str) -> int:
    """1 for the next one to run; 0 when the job is not in line."""
    job = get(job_id)
    return jobs.ahead_of(db(), job) + 1 if job.state is JobState.QUEUED else 0


def wait(job_id: str, timeout: float | None = None) -> Job:
    """The job once it has ended, or as it is after ``timeout`` seconds."""
    deadline = None if timeout is None else time.monotonic() + timeout
    job = get(job_id)
    while not job.ended and (deadline is None or time.monotonic() < deadline):
        time.sleep(LOOK)
        job = get(job_id)
    return job


def follow(job_id: str, timeout: float | None = None) -> Iterator[str]:
    """Newly written text as it comes; ends when the job has ended or after ``timeout`` seconds.

    While the broker is away the text comes from SQLite, a little later. Where a lost job is
    begun again, what the new attempt writes is shown from where the old one had come to.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    reader = live.Reader(job_id, get(job_id).attempt, _recorded_text)
    while deadline is None or time.monotonic() < deadline:
        silent = True
        for piece in reader.read():
            silent = False
            yield piece
        if reader.ended or (silent and get(job_id).ended):
            _settle(job_id)
            yield from reader.rest()
            return


def _settle(job_id: str) -> None:
    """The last word was heard; give the recorder a moment to write it down."""
    deadline = time.monotonic() + SETTLE
    while not get(job_id).ended and time.monotonic() < deadline:
        time.sleep(0.01)


def workers() -> list[WorkerInfo]:
    """Every worker that has shown a sign of life in the last seconds."""
    try:
        return live.workers(queue.shared())
    except (redis.RedisError, StudioError):
        return []


def health() -> dict[str, Any]:
    """``broker`` (bool), ``broker_version``, ``recorder`` (bool), ``lag`` (events not yet in
    SQLite), ``lag_seconds`` (age of the oldest), ``refused`` (events set aside), ``workers``."""
    try:
        state = live.health(queue.shared())
    except (redis.RedisError, StudioError) as problem:
        state = {
            "broker": False, "broker_version": "", "recorder": False, "lag": 0,
            "lag_seconds": 0.0, "problem": str(problem),
        }  # fmt: skip
    return {**state, "refused": events.refused(db()), "workers": len(workers())}


def _new(
    content: dict[str, Any],
    line: str,
    title: str,
    key: str | None,
    priority: int,
    after: tuple[str, ...],
    behind: tuple[str, ...],
) -> Job:
    now, waits = time.time(), bool(after or behind)
    return Job(
        id=new_id(now), kind=content["kind"], queue=line, title=title,
        spec=content, state=JobState.WAITING if waits else JobState.QUEUED, priority=priority,
        key=key, after=tuple(dict.fromkeys(after)), behind=behind, created_at=now,
        queued_at=None if waits else now,
    )  # fmt: skip


def _insert(job: Job) -> Job:
    for before in (*job.after, *job.behind):
        get(before)
    jobs.insert(db(), job)
    waits = job.state is JobState.WAITING
    return (reconcile.advanced(db(), job.id) if waits else None) or get(job.id)


def _offer(job: Job) -> None:
    if (held := getattr(_held, "jobs", None)) is not None:
        held.append(job.id)
    elif job.state is JobState.QUEUED:
        _broker(lambda client: queue.dispatch(job, client))


def _broker(act: Callable[[redis.Redis], None]) -> None:
    """Do it now if the broker is there; the reconciler does it later if not."""
    try:
        act(queue.shared())
    except (redis.RedisError, StudioError) as problem:
        _log.warning("The broker is away; the reconciler will see to it: %s", problem)


@contextmanager
def _writing() -> Iterator[None]:
    if getattr(_held, "jobs", None) is not None:
        yield
        return
    with database.write(db()):
        yield


def _recorded_text(job_id: str) -> tuple[int, str]:
    attempt = get(job_id).attempt
    return attempt, events.text(db(), job_id, attempt)
