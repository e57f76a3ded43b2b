"""The one process that writes what workers say into SQLite, and keeps jobs and rows in step."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import redis

from studio.errors import StudioError
from studio.jobs import keys, pruning, queue, spool
from studio.jobs.reconcile import Reconciler
from studio.jobs.recording import Recorder
from studio.services import context
from studio.settings import settings

log = logging.getLogger(__name__)

BLOCK = 0.25
"""Seconds to wait for events before looking at something else."""
TIDY = 1.0
"""Seconds between two looks at leases, lines and spools."""
PRUNE = 2.0
"""Seconds between two looks for checkpoints that are not kept."""
PAUSE = 0.5
ANNOUNCED = 15
TAKEN = 3
"""Exit status where another recorder serves this data folder."""


class Service:
    def __init__(self) -> None:
        self._client = queue.connect()
        db = context.db()
        self._recorder = Recorder(db, self._client)
        self._reconciler = Reconciler(db, self._client)
        self._next_tidying = 0.0

    def reconnect(self) -> None:
        self._client = queue.connect()
        self._recorder.reconnected(self._client)
        self._reconciler.broker_was_away(self._client)

    def turn(self) -> None:
        """Record what has come; tidy where it is time and nothing more has come.

        Raises:
            redis.RedisError: the broker is away.
        """
        ended = self._recorder.step(BLOCK)
        if ended:
            self._reconciler.advance()
        if time.monotonic() >= self._next_tidying:
            self._announce()
            if ended is None:
                self._tidy()
            self._next_tidying = time.monotonic() + TIDY

    def _tidy(self) -> None:
        spool.sweep(settings().run / "spool", self._client)
        spool.clear(settings().run / "work", settings().run / "spool")
        try:
            self._reconciler.run()
        except sqlite3.OperationalError as problem:
            log.warning("The database cannot be written now: %s", problem)

    def _announce(self) -> None:
        facts: dict[str | bytes, str | int | float] = {
            "host": socket.gethostname(), "pid": os.getpid(), "at": time.time(),
            "recorded": self._recorder.inserted, "known": self._recorder.known,
            "refused": self._recorder.refused,
        }  # fmt: skip
        with self._client.pipeline() as pipe:
            pipe.hset(keys.RECORDER, mapping=facts)  # type: ignore[arg-type]
            pipe.expire(keys.RECORDER, ANNOUNCED)
            pipe.execute()


def main() -> int:
    """Run until SIGTERM or SIGINT; the exit status."""
    with _alone(settings().run / "recorder.lock") as alone:
        if not alone:
            log.error("Another recorder serves %s.", settings().data)
            return TAKEN
        threading.Thread(target=_keep_pruning, name="pruning", daemon=True).start()
        _serve()
    return 0


def _keep_pruning() -> None:
    """In a thread of its own: a store elsewhere may take its time, and events may not wait. It may
    end with the process at any moment."""
    while True:
        time.sleep(PRUNE)
        try:
            pruning.prune(context.db(), context.store())
        except (sqlite3.OperationalError, StudioError) as problem:
            log.warning("Old checkpoints cannot be removed now: %s", problem)


def _serve() -> None:
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    service: Service | None = None
    away = False
    while not stopping:
        try:
            service = service or Service()
            if away:
                service.reconnect()
                away = False
                log.warning("The broker is back.")
            service.turn()
        except (redis.RedisError, StudioError) as problem:
            if not away:
                log.warning("The broker cannot be used now: %s", problem)
            away = service is not None
            time.sleep(PAUSE)


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
