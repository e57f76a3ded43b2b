"""How fast and how soon events reach SQLite, through the real broker and recorder."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from studio.bench import machine
from studio.domain.events import MetricLogged, Started
from studio.domain.jobs import Job, JobState
from studio.jobs import keys, leases, queue
from studio.jobs.events import Emitter
from studio.services import context
from studio.settings import settings
from studio.store import database, jobs

BACKLOG = 200_000
SUSTAINED = 60_000
PACED = 2_000
RATE = 200
PATIENCE = 300.0


def run() -> dict[str, Any]:
    """``events_per_second`` (emitted by one job and committed, end to end), ``p99_ms`` and
    ``p50_ms`` (from emit to committed, at 200 a second), ``drained_per_second`` and
    ``recorder_memory_growth_mb`` while a backlog of 200,000 drains."""
    with machine.studio() as place:
        backlog = _job("backlog")
        _fill(backlog)
        recorder = psutil.Process(place.start("recorder").pid)
        drained, growth = _drain(backlog, recorder)
        sustained = _sustain(_job("sustained"))
        latencies = _pace(_job("paced"))
    results = {
        "events_per_second": round(sustained),
        "p50_ms": round(statistics.median(latencies) * 1000, 2),
        "p99_ms": round(statistics.quantiles(latencies, n=100)[98] * 1000, 2),
        "drained_per_second": round(drained),
        "recorder_memory_growth_mb": round(growth / 1e6, 1),
    }
    return machine.report(
        "events",
        results,
        at_most={"p99_ms": 20, "recorder_memory_growth_mb": 50},
        at_least={"events_per_second": 10_000},
    )


def _job(name: str) -> Job:
    now = time.time()
    job = Job(
        id=name, kind="train", queue="train", title=name, spec={}, state=JobState.QUEUED,
        created_at=now, queued_at=now,
    )  # fmt: skip
    with database.write(context.db()) as db:
        jobs.insert(db, job)
    return job


@contextmanager
def _at_work(job: Job) -> Iterator[Emitter]:
    """An emitter for the job, as its worker would have it; leaving waits until all is sent."""
    lease = leases.Lease(job_id=job.id, attempt=1, worker="bench", token="bench")
    with Emitter(lease, settings().run / "spool", patience=PATIENCE) as emitter:
        emitter.emit(Started(worker="bench", device="cpu", host="", pid=0))
        yield emitter


def _measured(step: int) -> MetricLogged:
    return MetricLogged(step=step, values={"loss": 2.5, "learning_rate": 0.001})


def _fill(job: Job) -> None:
    with _at_work(job) as emitter:
        for step in range(BACKLOG - 1):
            emitter.emit(_measured(step))


def _drain(job: Job, recorder: psutil.Process) -> tuple[float, int]:
    """Events a second, and by how many bytes the recorder grew after its first batches."""
    _until(job, 4_000)
    began, already, settled = time.monotonic(), _stored(job), recorder.memory_info().rss
    highest = settled
    while (stored := _stored(job)) < BACKLOG:
        highest = max(highest, recorder.memory_info().rss)
        time.sleep(0.05)
    return (stored - already) / (time.monotonic() - began), highest - settled


def _sustain(job: Job) -> float:
    """Events a second from the first emit to the last commit."""
    began = time.monotonic()
    with _at_work(job) as emitter:
        for step in range(SUSTAINED - 1):
            emitter.emit(_measured(step))
    _until(job, SUSTAINED)
    return SUSTAINED / (time.monotonic() - began)


def _pace(job: Job) -> list[float]:
    """Seconds from emit to commit of each event, at a steady rate, as seen by a reader."""
    emitted: list[float] = []
    latencies: list[float] = []
    with _at_work(job) as emitter:
        _until(job, 1)
        begin = time.monotonic() + 0.1
        while len(latencies) < PACED:
            due = begin + len(emitted) / RATE
            if len(emitted) < PACED and time.monotonic() >= due:
                emitted.append(time.monotonic())
                emitter.emit(_measured(len(emitted)))
            now, stored = time.monotonic(), _stored(job) - 1
            latencies += [now - at for at in emitted[len(latencies) : stored]]
            time.sleep(0.0005)
    return latencies


def _stored(job: Job) -> int:
    """The number of the job's last stored event; they are stored in order, without gaps."""
    found = context.db().conn.execute(
        "SELECT max(seq) FROM events WHERE job_id = ? AND attempt = 1", (job.id,)
    )
    return int(found.fetchone()[0] or 0)


def _until(job: Job, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while _stored(job) < count:
        if time.monotonic() > deadline:
            waiting = queue.shared().xlen(keys.STREAM)
            raise TimeoutError(f"{_stored(job)} of {count} events stored, {waiting} wait.")
        time.sleep(0.005)
