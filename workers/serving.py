"""RQ workers that run one function, outlive an absent broker and never leave a horse behind."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import redis
from rq import Queue, SimpleWorker, Worker
from rq.exceptions import DeserializationError, StopRequested
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer

from studio.domain.records import WorkerInfo
from studio.errors import StudioError
from studio.jobs import leases, live, processes, queue, spool
from studio.settings import settings
from workers import roles, tasks
from workers.readiness import Readiness
from workers.roles import Role
from workers.tasks import Seat

log = logging.getLogger(__name__)

HEARTBEAT = 2.0
ANNOUNCED = 15
WORKER_TTL = 17
"""RQ waits 15 s less than this for a job before it lets the worker do something else."""
LEAVE = 8.0
"""Seconds in which an engine may save its work when the worker is asked to end."""
LOOK = 0.1


class _Serving(ABC):
    """What both kinds of worker share. RQ's own bookkeeping of jobs is left out: SQLite is truth,
    and every word to the broker is one that may fail while a job runs."""

    max_connection_wait_time = 2.0

    def __init__(self, info: WorkerInfo, role: Role, seat: Seat, readiness: Readiness) -> None:
        self.info = info
        self.seat = seat
        self.role = role
        self.readiness = readiness
        self.asked_to_leave = self.asked_to_rest = False
        self._next_beat = 0.0
        super().__init__(  # type: ignore[call-arg]
            [queue.line(line, queue.connect()) for line in roles.lines(role)],
            name=info.name,
            connection=queue.connect(),
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL,
            log_job_description=False,
        )

    def execute_job(self, job: RqJob, queue_: Queue) -> None:
        job_id = _job_id(job)
        if job_id is None:
            log.error("An offer of another function than %s is refused.", queue.RUN)
            self._drop(job, queue_)
            return
        self._take(job, queue_, job_id)
        try:
            self._carry_out(job, queue_, job_id)
        finally:
            self._done(job)

    @abstractmethod
    def _carry_out(self, job: RqJob, queue_: Queue, job_id: str) -> None:
        """Run the job to its end; what goes wrong in it is told in its events."""

    def _take(self, job: RqJob, queue_: Queue, job_id: str) -> None:
        """From here on the claim decides, so the offer is no longer kept."""
        self.info = self.info.model_copy(update={"state": "busy", "job_id": job_id})
        self._state = "busy"
        with _unless_away():
            self._drop(job, queue_, job_id)

    def _drop(self, job: RqJob, queue_: Queue, job_id: str = "") -> None:
        with self.connection.pipeline() as pipe:  # type: ignore[attr-defined]
            pipe.lrem(queue_.intermediate_queue_key, 0, job.id)
            pipe.delete(job.key)
            pipe.hset(self.key, "current_job", job_id)  # type: ignore[attr-defined]
            pipe.execute()

    def _done(self, job: RqJob) -> None:
        self.info = self.info.model_copy(update={"state": "idle", "job_id": None})
        self._state = "idle"
        self.readiness.worked()
        with _unless_away():
            self.connection.hdel(self.key, "current_job")  # type: ignore[attr-defined]
            self._announce()
            self._sweep()
            self._be_ready()

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """RQ calls this in every pause; the studio's own announcements and sweeping go along."""
        if pipeline is not None:
            super().heartbeat(timeout, pipeline)  # type: ignore[misc]
            return
        if time.monotonic() < self._next_beat:
            return
        self._beat(timeout)
        if self._state == "idle":
            with _unless_away():
                self._be_ready()

    def _be_ready(self) -> None:
        lines = roles.lines(self.role)
        if lines != self.queue_names():  # type: ignore[attr-defined]
            self.queues = [queue.line(line, self.connection) for line in lines]  # type: ignore[attr-defined]
            self._ordered_queues = self.queues[:]
        if not self.readiness.look(lines, self.connection, self._beat):  # type: ignore[attr-defined]
            self.asked_to_rest = True
            raise StopRequested

    def _beat(self, timeout: int | None = None) -> None:
        self._next_beat = time.monotonic() + HEARTBEAT
        with _unless_away():
            super().heartbeat(timeout)  # type: ignore[misc]
            self._announce()
            self._sweep()

    def _announce(self) -> None:
        self.info = self.info.model_copy(update=roles.room())
        live.announce(self.info, ANNOUNCED, self.connection)  # type: ignore[attr-defined]

    def _sweep(self) -> None:
        spool.sweep(settings().run / "spool", self.connection)  # type: ignore[attr-defined]
        spool.clear(settings().run / "work", settings().run / "spool")

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.asked_to_leave = True
        super().request_stop(signum, frame)  # type: ignore[misc]

    def set_shutdown_requested_date(self) -> None:  # noqa: B027
        """RQ writes this from a signal handler; nothing reads it here."""

    def set_state(self, state: str, pipeline: Any = None) -> None:
        self._state = state

    def run_maintenance_tasks(self) -> None:  # noqa: B027
        """RQ's registries are not used; the reconciler does what is needed."""

    @property
    def should_run_maintenance_tasks(self) -> bool:
        return False

    def register_birth(self) -> None:
        self.connection.delete(self.key)  # type: ignore[attr-defined]
        super().register_birth()  # type: ignore[misc]

    def register_death(self) -> None:
        with _unless_away():
            super().register_death()  # type: ignore[misc]
            live.leave(self.info.name, self.connection)  # type: ignore[attr-defined]


class ForkingWorker(_Serving, Worker):  # type: ignore[misc]
    """Runs each job in a process of its own, which dies with the worker."""

    def _carry_out(self, job: RqJob, queue_: Queue, job_id: str) -> None:
        self.fork_work_horse(job, queue_)
        with _unless_away():
            self._announce()
        status = self._watch()
        self._horse_pid = 0
        if status != 0:
            log.warning("The process of job %s ended with status %s.", job_id, status)
        with _unless_away():
            leases.release_of(self.info.name, job_id, self.connection)

    def _watch(self) -> int:
        """Wait for the horse, and go on living whatever the broker does."""
        leave_by: float | None = None
        while True:
            status = self._ended()
            if status is not None:
                return status
            self.heartbeat()
            if self.asked_to_leave:
                leave_by = leave_by or time.monotonic() + LEAVE
                if time.monotonic() > leave_by:
                    self.kill_horse()
            self._pause()

    def _pause(self) -> None:
        """Until the horse ends, but not for long."""
        try:
            descriptor = os.pidfd_open(self._horse_pid)
        except (AttributeError, OSError):  # not every system has it
            time.sleep(LOOK)
            return
        try:
            select.select([descriptor], [], [], LOOK)
        finally:
            os.close(descriptor)

    def _ended(self) -> int | None:
        try:
            pid, status = os.waitpid(self._horse_pid, os.WNOHANG)
        except ChildProcessError:
            return 0
        return os.waitstatus_to_exitcode(status) if pid else None

    def handle_warm_shutdown_request(self) -> None:
        """Have the engine save its work and end."""
        if self._horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._horse_pid, signal.SIGTERM)

    def main_work_horse(self, job: RqJob, queue_: Queue) -> None:
        """In the forked process: its parent's death is its own."""
        processes.die_with(self.pid)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._leave)
        self._is_horse = True
        try:
            tasks.run_job(job.args[0])
        except BaseException:
            log.exception("The process of job %s broke.", job.id)
            _end(1)
        _end(0)

    def _leave(self, signum: int, frame: FrameType | None) -> None:
        self.seat.leaving = True


class PersistentWorker(_Serving, SimpleWorker):  # type: ignore[misc]
    """Runs jobs in its own process, so that a loaded model stays for the next page."""

    def __init__(self, info: WorkerInfo, role: Role, seat: Seat, readiness: Readiness) -> None:
        super().__init__(info, role, seat, readiness)
        self._over = False
        self._changed = threading.Event()

    def work(self, *args: Any, **kwargs: Any) -> bool:
        """Announce from a thread: the main one is busy while a page is written."""
        thread = threading.Thread(target=self._keep_announcing, name="announcer", daemon=True)
        thread.start()
        try:
            return bool(super().work(*args, **kwargs))
        finally:
            self._over = True
            self._changed.set()

    def _keep_announcing(self) -> None:
        while not self._over:
            self._changed.wait(HEARTBEAT)
            self._changed.clear()
            with _unless_away():
                self._announce()

    def _carry_out(self, job: RqJob, queue_: Queue, job_id: str) -> None:
        self._changed.set()
        tasks.run_job(job_id)

    def handle_warm_shutdown_request(self) -> None:
        self.seat.leaving = True

    def kill_horse(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """There is no other process to end; whoever started this one starts it again."""
        os.kill(os.getpid(), sig)


@contextmanager
def _unless_away() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, StudioError) as problem:
        log.info("The broker is away: %s", problem)


def _job_id(job: RqJob) -> str | None:
    """The argument of the one function a worker runs; None for anything else."""
    try:
        if job.func_name == queue.RUN and len(job.args) == 1 and not job.kwargs:
            return str(job.args[0])
    except (DeserializationError, AttributeError, TypeError, ValueError):
        pass
    return None


def _end(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
