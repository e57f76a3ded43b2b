"""The one job function: takes an order, runs its engine, says how it ended."""

from __future__ import annotations

import importlib
import json
import logging
import os
import shutil
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.domain.events import (
    Body,
    Cancelled,
    Failed,
    Finished,
    Started,
)
from studio.domain.specs import SPEC
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.jobs import artifacts, leases, queue
from studio.jobs.artifacts import FULL, ArtifactStore
from studio.jobs.events import Emitter
from studio.jobs.leases import Pulse
from studio.jobs.queue import Order
from studio.language import _
from studio.settings import settings

log = logging.getLogger(__name__)

ENGINES = {
    "import": "studio.text.engine:run",
    "prepare": "studio.datasets.engine:run",
    "revise": "studio.datasets.revision:run",
    "train": "studio.preflight.job:run",
    "probe": "studio.training.probe:run",
    "convert": "studio.conversion.engine:run",
    "register": "studio.conversion.verification:run",
    "download": "studio.models.download:run",
    "adopt": "studio.sharing.adoption:run",
    "publish": "studio.sharing.publication:run",
    "merge": "studio.training.merging:run",
    "measure": "studio.training.measuring:run",
    "write": "studio.inference.engine:run",
}


@dataclass
class Seat:
    """The worker that this process belongs to; set once, before the first job."""

    worker: str
    device: str
    host: str
    pulse: float = 0.25
    """Seconds between two looks for a request to stop."""
    leaving: bool = False
    """The worker is to end: the engine saves its work, the job goes back to its line."""


@dataclass
class Desk:
    """Where the process keeps its seat; RQ hands a job function nothing but its arguments."""

    seat: Seat | None = None


desk = Desk()


class Room(Workroom):
    """A workroom with the broker and the artifact store behind it."""

    def __init__(
        self, order: Order, folder: Path, emitter: Emitter, pulse: Pulse, seat: Seat
    ) -> None:
        self.folder = folder
        self.checkpoint = order.checkpoint
        self.earlier = order.earlier
        self._emitter = emitter
        self._pulse = pulse
        self._seat = seat
        self._store: ArtifactStore = artifacts.own()

    def emit(self, body: Body) -> None:
        self._emitter.emit(body)

    def fetch(self, artifact: str) -> Path:
        return self._store.fetch(artifact)

    def put(self, folder: Path) -> str:
        return self._store.put(folder)

    def stopped(self) -> bool:
        return self._pulse.cancelled or self._pulse.fenced or self._seat.leaving


def run_job(job_id: str) -> None:
    """Run the newest attempt at a job, unless another process has it already."""
    seat = desk.seat
    assert seat is not None
    client = queue.shared()
    order = queue.order(job_id, client)
    lease = order and leases.claim(job_id, order.attempt, seat.worker, client)
    if not order or not lease:
        log.info("Job %s is not to be run here; its offer is let go.", job_id)
        return
    work = settings().run / "work" / f"{lease.name}-{lease.token}"
    emitter = Emitter(lease, settings().run / "spool")
    with emitter, Pulse(lease, seat.pulse, emitter.fence) as pulse:
        emitter.emit(
            Started(worker=seat.worker, device=seat.device, host=seat.host, pid=os.getpid())
        )
        room = Room(order, work, emitter, pulse, seat)
        outcome = _outcome(order, room)
        if not (seat.leaving and isinstance(outcome, Cancelled) and not pulse.cancelled):
            emitter.emit(outcome)
    if emitter.delivered:
        _release(lease)


def _release(lease: leases.Lease) -> None:
    try:
        leases.release(lease, queue.shared())
    except (*queue.AWAY, StudioError) as problem:
        log.warning("The lease of %s runs out by itself: %s", lease.name, problem)


def _outcome(order: Order, room: Room) -> Body:
    """Run the engine; whatever it does becomes a terminal body."""
    try:
        room.folder.mkdir(parents=True, exist_ok=True)
        spec = SPEC.validate_python(order.spec)
        return Finished(result=_plain(_engine(order.kind)(spec, room)))
    except Stopped as stop:
        return Cancelled(result=_plain(stop.result))
    except Exception as problem:
        log.exception("Job %s failed.", order.job_id)
        return explained(problem)
    finally:
        shutil.rmtree(room.folder, ignore_errors=True)


def _engine(kind: str) -> Callable[[Any, Room], dict[str, Any]]:
    module, function = ENGINES[kind].split(":")
    engine: Callable[[Any, Room], dict[str, Any]] = getattr(
        importlib.import_module(module), function
    )
    return engine


def _plain(result: dict[str, Any]) -> dict[str, Any]:
    """Raises TypeError where a result is not small JSON, while it can still be told."""
    plain: dict[str, Any] = json.loads(json.dumps(result))
    return plain


def explained(problem: BaseException) -> Failed:
    """What happened, why, and what to do, for everything that an engine may raise."""
    detail = "".join(traceback.format_exception(problem))
    if isinstance(problem, StudioError):
        return Failed(**problem.as_dict(), detail=detail, cause=problem.cause)
    if isinstance(problem, MemoryError) or type(problem).__name__ == "OutOfMemoryError":
        return Failed(
            what=_("The work needs more memory than there is."),
            why=_("The machine, or its graphics card, had none left to give."),
            remedy=_("Close other programs, or choose a smaller model, batch or length."),
            detail=detail,
            cause="memory",
        )
    if isinstance(problem, OSError) and problem.errno in FULL:
        return Failed(
            what=_("The work could not be written down."),
            why=_("The disk of the studio's data folder is full."),
            remedy=_("Free some space there, then press Retry."),
            detail=detail,
            cause="disk",
        )
    return Failed(
        what=_("The work stopped at a defect of the studio."),
        why=f"{type(problem).__name__}: {problem}",
        remedy=_("Press Retry; if it happens again, report it with the details below."),
        detail=detail,
    )
