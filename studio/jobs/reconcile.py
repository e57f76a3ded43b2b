"""Compares the rows in SQLite with the broker's lines and leases, and puts right what differs."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from typing import Any

import redis

from studio.domain.jobs import Failure, Job, JobState
from studio.jobs import keys, leases, queue
from studio.jobs.leases import Lease
from studio.language import _
from studio.store import Database, jobs
from studio.store.database import write

log = logging.getLogger(__name__)

GRACE = leases.TTL + 2.0
"""Seconds after the broker is back in which workers make their leases anew."""
OVERLOOKED = 2.0
"""Seconds an offer may be on its way between its line and a worker's claim."""
IGNORED = 120.0
"""Seconds after which a process that was asked to stop is ended."""
LOSSES = 5
REFERENCE = re.compile(r"job:([A-Za-z0-9_-]+)/([a-z_]+)")


class Reconciler:
    """Runs in the recorder's process, between batches, so no event is recorded meanwhile."""

    def __init__(self, db: Database, client: redis.Redis) -> None:
        self.db = db
        self.client = client
        self._back_since = time.monotonic()
        self._server = ""
        self._since: dict[tuple[str, str], float] = {}

    def broker_was_away(self, client: redis.Redis) -> None:
        """Leave the workers time to show themselves in a broker that is back or was wiped."""
        self.client = client
        self._back_since = time.monotonic()

    def run(self) -> None:
        """One look at everything.

        Raises:
            AWAY: the broker cannot be reached.
        """
        self.advance()
        if self._settled():
            self._compare()

    def advance(self) -> None:
        """Queue the waiting jobs whose predecessors have all finished."""
        for job in jobs.select(self.db, states=[JobState.WAITING], limit=1_000):
            with write(self.db):
                ready = advanced(self.db, job.id)
            if ready:
                queue.dispatch(ready, self.client)

    def _settled(self) -> bool:
        info: dict[str, Any] = self.client.info("server")
        if info["run_id"] != self._server:
            if self._server:
                self._back_since = time.monotonic()
            self._server = info["run_id"]
        return time.monotonic() - self._back_since >= GRACE

    def _compare(self) -> None:
        alive = jobs.select(
            self.db, states=[JobState.QUEUED, JobState.RUNNING, JobState.LOST], limit=10_000
        )
        # Claim and lease are set in one step, so a claim seen first must have its lease by now.
        begun = leases.claimed([(job.id, job.attempt) for job in alive], self.client)
        held = leases.held([job.id for job in alive], self.client)
        offered = queue.in_line({job.queue for job in alive}, self.client)
        if self.client.xlen(keys.STREAM):
            return  # what happened to these jobs may be among the events still to be recorded
        for job in alive:
            lease = held.get(job.id)
            at_work = lease is not None and lease.attempt == job.attempt
            if lease and at_work:
                self._mind_cancel(job, lease)
            elif job.state is JobState.QUEUED and (job.id, job.attempt) not in begun:
                self._mind_offer(job, keys.attempt_of(job.id, job.attempt) in offered)
            else:
                self._lose(job)
        self._forget({job.id for job in alive})

    def _mind_cancel(self, job: Job, lease: Lease) -> None:
        if not job.cancel_requested:
            return
        leases.ask_to_stop(job.id, job.attempt, self.client)
        if self._for_longer_than(IGNORED, "cancel", job):
            log.warning("Job %s ignored a request to stop; ending its process.", job.id)
            queue.kill(lease.worker, job, self.client)

    def _mind_offer(self, job: Job, offered: bool) -> None:
        if offered:
            self._since.pop(("offer", job.id), None)
        elif self._for_longer_than(OVERLOOKED, "offer", job):
            log.warning("Job %s was not in its line; offering it again.", job.id)
            queue.dispatch(job, self.client)
            self._since.pop(("offer", job.id), None)

    def _lose(self, job: Job) -> None:
        with write(self.db):
            moved = lost(self.db, job)
        if moved and moved.state is JobState.QUEUED:
            log.warning("Job %s lost its worker; queued as attempt %d.", job.id, moved.attempt)
            queue.dispatch(moved, self.client)

    def _for_longer_than(self, seconds: float, what: str, job: Job) -> bool:
        first = self._since.setdefault((what, job.id), time.monotonic())
        return time.monotonic() - first >= seconds

    def _forget(self, alive: set[str]) -> None:
        self._since = {key: at for key, at in self._since.items() if key[1] in alive}


def lost(db: Database, seen: Job) -> Job | None:
    """What becomes of a job whose worker is gone; None when it has moved on meanwhile.

    Call inside ``database.write``.
    """
    job = jobs.get(db, seen.id)
    if job is None or (job.state, job.attempt) != (seen.state, seen.attempt):
        return None
    if job.cancel_requested:
        return jobs.move(db, job.id, JobState.CANCELLED, ended_at=time.time(), rate=None)
    if job.state is not JobState.LOST:
        job = jobs.move(db, job.id, JobState.LOST, losses=job.losses + 1, rate=None)
    if job.losses >= LOSSES:
        failure = _gave_up(job.losses).model_dump()
        return jobs.move(db, job.id, JobState.FAILED, ended_at=time.time(), failure=failure)
    return jobs.move(
        db, job.id, JobState.QUEUED, attempt=job.attempt + 1, worker="", device="",
        note=_("Its worker was lost; it starts again from the last checkpoint."),
    )  # fmt: skip


def _gave_up(losses: int) -> Failure:
    return Failure(
        what=_("The work was broken off again and again."),
        why=_(
            "Its worker ended {count} times without a word, as when memory runs out or the "
            "power fails."
        ).format(count=losses),
        remedy=_(
            "Close other programs, or choose a smaller model, batch or length, then press Retry."
        ),
    )


def advanced(db: Database, job_id: str) -> Job | None:
    """The job, queued, if it need not wait any longer; else its note says for what.

    Call inside ``database.write``.
    """
    job = jobs.get(db, job_id)
    if job is None or job.state is not JobState.WAITING:
        return None
    before = {found.id: found for i in job.after if (found := jobs.get(db, i))}
    unfinished = [b for b in before.values() if b.state is not JobState.FINISHED]
    unfinished += [b for i in job.behind if (b := jobs.get(db, i)) and not b.ended]
    if unfinished:
        note = _waits_for(unfinished[0])
        if note != job.note:
            jobs.update(db, job.id, note=note)
        return None
    try:
        spec = resolved(job.spec, before)
    except KeyError as missing:
        failure = _without_input(str(missing.args[0])).model_dump()
        jobs.move(db, job.id, JobState.FAILED, ended_at=time.time(), failure=failure)
        return None
    return jobs.move(db, job.id, JobState.QUEUED, spec=spec, queued_at=time.time(), note="")


def _waits_for(job: Job) -> str:
    if job.state is JobState.FAILED:
        return _("Waits for “{title}”, which failed. Retry that one.").format(title=job.title)
    if job.state is JobState.CANCELLED:
        return _("Waits for “{title}”, which was stopped. Resume that one.").format(title=job.title)
    return _("Waits for “{title}”.").format(title=job.title)


def _without_input(name: str) -> Failure:
    return Failure(
        what=_("This step cannot begin."),
        why=_("The step before it did not make what this one needs ({name}).").format(name=name),
        remedy=_("This is a defect of the studio; please report it."),
    )


def references(spec: Any) -> Iterator[tuple[str, str]]:
    """The pairs (job id, name) of the results that a spec waits for."""
    if isinstance(spec, str):
        if found := REFERENCE.fullmatch(spec):
            yield found[1], found[2]
    elif isinstance(spec, dict):
        for value in spec.values():
            yield from references(value)
    elif isinstance(spec, list | tuple):
        for value in spec:
            yield from references(value)


def resolved(spec: Any, before: dict[str, Job]) -> Any:
    """The spec with results in place of references.

    Raises:
        KeyError: a job did not make what it is referred to for.
    """
    if isinstance(spec, str):
        found = REFERENCE.fullmatch(spec)
        if found is None or found[1] not in before:
            return spec
        result = before[found[1]].result or {}
        if found[2] not in result:
            raise KeyError(spec)
        return result[found[2]]
    if isinstance(spec, dict):
        return {name: resolved(value, before) for name, value in spec.items()}
    if isinstance(spec, list | tuple):
        return [resolved(value, before) for value in spec]
    return spec
