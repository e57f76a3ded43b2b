"""Keeps one child running: starts it, sees it get ready, starts it again when it dies."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from studio.domain.runner import ChildState
from studio.jobs import processes
from workers.children import Child

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.1
"""Seconds before a child that died is started again; doubled each time ..."""
LONGEST_PAUSE = 30.0
"""... up to this, and forgotten ..."""
HEALTHY = 20.0
"""... after the child has been ready for this long."""
LOG_BYTES = 5_000_000
LAST_WORDS = 4_000


class Keeper:
    """One child's life. ``look`` does what is due and never waits."""

    def __init__(self, child: Child, logs: Path) -> None:
        self.child = child
        self.log_file = logs / f"{child.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.failures = 0
        self.last_exit: int | None = None
        self._phase: Literal["waiting", "starting", "ready", "stopped"] = "waiting"
        self._since = time.monotonic()
        self._since_clock = time.time()
        self.due = 0.0
        self._first_start: float | None = None
        self._was_ready = False
        self._held = False
        self._log_start = 0
        self._give_up_at: float | None = None

    def look(self, now: float) -> None:
        if self.process is not None and self.process.poll() is not None:
            self._on_exit(self.process.returncode, now)
        if self._phase == "waiting" and now >= self.due:
            self._held = not self.child.when()
            if not self._held:
                self._start(now)
        elif self._phase == "starting" and now >= self.due:
            self._ask_whether_ready(now)
        elif self._phase == "ready" and now - self._since > HEALTHY:
            self.failures = 0
        self._turn_log_over()

    def was_ready(self, now: float) -> bool:
        """Whether the next stage need not wait for this child (any longer)."""
        if self._was_ready or self._first_start is None:
            return self._was_ready
        return now - self._first_start > self.child.patience

    @property
    def is_calm(self) -> bool:
        return self._held or self._phase in ("ready", "stopped")

    def state(self) -> ChildState:
        return ChildState(
            name=self.child.name,
            state=self._phase,
            pid=self.process.pid if self.process else None,
            since=self._since_clock,
            restarts=self.restarts,
            last_exit=self.last_exit,
        )

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
        self._give_up_at = time.monotonic() + self.child.grace

    def has_stopped(self, at_once: bool) -> bool:
        """Whether it is gone after ``ask_to_stop``; past its grace it is killed."""
        if self.process is not None and self.process.poll() is None:
            if not at_once and time.monotonic() < (self._give_up_at or 0.0):
                return False
            log.warning("%s did not stop in time; killing it.", self.child.name)
            processes.kill_family(self.process.pid)
            self.process.wait()
        if self.process is not None:
            self.last_exit = self.process.returncode
        self.process = None
        self._enter("stopped", time.monotonic())
        return True

    def _start(self, now: float) -> None:
        self._first_start = self._first_start or now
        try:
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            with self.log_file.open("ab") as output:
                self._log_start = output.tell()
                self.process = self.child.launch(output)
        except OSError as problem:  # a full disk, too many processes: it may pass
            self._try_again_later(f"cannot be started ({problem})", now)
            return
        log.info("Started %s (pid %s).", self.child.name, self.process.pid)
        self._enter("starting", now)

    def _ask_whether_ready(self, now: float) -> None:
        assert self.process is not None
        if self.child.ready(self.process.pid):
            self._greet()
            self._was_ready = True
            self._enter("ready", now)
        self.due = now + self.child.look

    def _greet(self) -> None:
        """On stderr: what goes to stdout is for programs."""
        if self.child.greeting and not self._was_ready:
            sys.stderr.write(f"{self.child.greeting}\n")
            sys.stderr.flush()

    def _on_exit(self, status: int, now: float) -> None:
        if self._phase == "starting":
            self.child.mend(self._last_words())
        self.process = None
        self.last_exit = status
        if self.child.once and status == 0:
            self._enter("stopped", now)
            return
        self.restarts += 1
        self._try_again_later(f"ended ({status}; its log is {self.log_file})", now)

    def _try_again_later(self, what: str, now: float) -> None:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self.failures)
        log.warning("%s %s; again in %.1f s.", self.child.name, what, pause)
        self.failures += 1
        self.due = now + pause
        self._enter("waiting", now)

    def _enter(self, phase: Literal["waiting", "starting", "ready", "stopped"], now: float) -> None:
        if phase != self._phase:
            self._phase, self._since, self._since_clock = phase, now, time.time()

    def _last_words(self) -> str:
        try:
            with self.log_file.open("rb") as file:
                file.seek(max(self._log_start, file.seek(0, 2) - LAST_WORDS))
                return file.read().decode(errors="replace")
        except OSError:
            return ""

    def _turn_log_over(self) -> None:
        """Keep one older log. The child writes on at the end of the emptied file; what it says
        between the two lines below is lost, for which it never waits on us."""
        with suppress(OSError):  # the disk is full, or the folder was deleted
            if self.log_file.stat().st_size > LOG_BYTES:
                shutil.copyfile(self.log_file, self.log_file.with_suffix(".log.1"))
                os.truncate(self.log_file, 0)
