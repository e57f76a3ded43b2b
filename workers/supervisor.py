"""``python -m workers supervise``: keeps broker, recorder, workers and page server running.

One supervisor serves a data folder, held by a lock. It starts its children in stages, starts
again what dies (each time a little later), and stops them in the reverse order. When it is
killed the kernel takes the children along; when the process that wanted it goes away, the pipe
on its standard input closes and it stops everything.
"""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType

from studio.domain.runner import Phase, RunnerState
from studio.errors import StudioError
from studio.language import _
from studio.settings import Settings, settings
from workers.children import Child, standard
from workers.keeper import Keeper

log = logging.getLogger("workers.supervisor")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BUSY_LOOK = 0.05
"""Seconds between two looks while something is starting."""
CALM_LOOK = 1.0


class Supervisor:
    """Keeps ``children`` running until it is told to stop."""

    def __init__(
        self,
        children: Sequence[Child],
        logs: Path,
        state_file: Path | None = None,
        lifeline: int | None = None,
    ) -> None:
        self.keepers = [Keeper(child, logs) for child in children]
        self.state_file = state_file
        self.lifeline = lifeline
        self.started_at = time.time()
        self.stopping = 0  # how often it was asked to
        self.why = ""
        self._written: RunnerState | None = None
        self._untold = False

    def run(self, parent: int | None = None) -> None:
        """Until a signal arrives, the lifeline closes or ``parent`` is no longer the parent."""
        waker = self._hear_signals()
        try:
            while not self.stopping:
                self.look()
                self._sleep(waker)
                if parent is not None and os.getppid() != parent:
                    self.ask_to_stop("its parent is gone")
            log.info("Stopping: %s.", self.why)
        finally:
            self.stop()

    def look(self) -> None:
        """See after every child once. A stage may start when those below it are ready."""
        now = time.monotonic()
        open_stage = min(
            (keeper.child.stage for keeper in self.keepers if not keeper.was_ready(now)),
            default=sys.maxsize,
        )
        for keeper in self.keepers:
            if keeper.child.stage <= open_stage:
                keeper.look(now)
        self.tell("running" if open_stage > 0 else "starting")

    def ask_to_stop(self, why: str) -> None:
        """Only notes it: a signal may come in the middle of anything, writing a log included."""
        self.why = self.why or why
        self.stopping += 1

    def stop(self) -> None:
        """Highest stage first; asked a second time, without patience."""
        self.tell("stopping")
        if any(keeper.child.greeting for keeper in self.keepers):
            say(_("Closing the studio; work in progress is saved."))
        for stage in sorted({keeper.child.stage for keeper in self.keepers}, reverse=True):
            group = [keeper for keeper in self.keepers if keeper.child.stage == stage]
            for keeper in group:
                keeper.ask_to_stop()
            while not all(keeper.has_stopped(self.stopping > 1) for keeper in group):
                time.sleep(BUSY_LOOK)
            self.tell("stopping")
        log.info("Everything is stopped.")

    def tell(self, phase: Phase) -> None:
        """Write the state for ``doctor`` and the pages, where it changed."""
        if self.state_file is None:
            return
        state = RunnerState(
            pid=os.getpid(),
            started_at=self.started_at,
            phase=phase,
            children=tuple(keeper.state() for keeper in self.keepers),
        )
        if state != self._written:
            try:
                draft = self.state_file.with_suffix(".new")
                draft.write_text(state.model_dump_json())
                draft.replace(self.state_file)
                self._written, self._untold = state, False
            except OSError as problem:  # a full disk must not end what runs
                if not self._untold:
                    log.warning("The state of what runs cannot be written down: %s", problem)
                self._untold = True

    def _hear_signals(self) -> int:
        """Handlers for what ends us and for a child's end; a descriptor that wakes the sleeper."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        return reader

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.ask_to_stop(signal.Signals(number).name)

    def _sleep(self, waker: int) -> None:
        calm = all(keeper.is_calm for keeper in self.keepers)
        watched = [waker] if self.lifeline is None else [waker, self.lifeline]
        woken, _, _ = select.select(watched, [], [], CALM_LOOK if calm else BUSY_LOOK)
        if waker in woken:
            with suppress(BlockingIOError):
                os.read(waker, 4096)
        if self.lifeline is not None and self.lifeline in woken and not os.read(self.lifeline, 1):
            self.ask_to_stop("the process that wanted it is gone")


@contextmanager
def only_one(settings: Settings, seconds: float = 2.0) -> Iterator[bool]:
    """Hold the lock of the data folder for the length of a block; False where another does.

    Those who only ask whether a runner is there share the lock for an instant, hence the
    few tries.
    """
    settings.run.mkdir(parents=True, exist_ok=True)
    with (settings.run / "runner.lock").open("a") as file:
        deadline = time.monotonic() + seconds
        while not (held := _lock(file.fileno())) and time.monotonic() < deadline:
            time.sleep(0.02)
        yield held


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def keep_log(folder: Path) -> None:
    """Everything goes to ``supervisor.log``, what went wrong to the terminal as well."""
    folder.mkdir(parents=True, exist_ok=True)
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    file = RotatingFileHandler(folder / "supervisor.log", maxBytes=1_000_000, backupCount=2)
    form = "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, handlers=[file, terminal])


def say(text: str) -> None:
    """To the person at the terminal; what goes to stdout is for programs."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def supervise(
    settings: Settings, children: Sequence[Child], lifeline: int | None, parent: int | None
) -> int:
    """Run ``children`` as the one supervisor of the data folder.

    Where another is at work already, only the page server is run: its pages join the other.
    """
    keep_log(settings.run / "logs")
    with only_one(settings) as held:
        if not held:
            log.info("Another supervisor serves this data folder already.")
            children = [child for child in children if child.name == "page"]
        if children:
            state_file = settings.run / "supervisor.json" if held else None
            if state_file is not None:
                state_file.unlink(missing_ok=True)  # an earlier one's
            Supervisor(children, settings.run / "logs", state_file, lifeline).run(parent)
    return 0


def main(arguments: Sequence[str]) -> int:
    """The command line of ``supervise``."""
    parser = argparse.ArgumentParser(prog="python -m workers supervise")
    parser.add_argument("--page", type=int, help="also run the page server, on this port")
    parser.add_argument(
        "--lifeline", action="store_true", help="stop when the standard input is closed"
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="stop when the parent process is gone"
    )
    chosen = parser.parse_args(arguments)
    try:
        return supervise(
            settings(),
            standard(settings(), chosen.page),
            lifeline=sys.stdin.fileno() if chosen.lifeline else None,
            parent=os.getppid() if chosen.with_parent else None,
        )
    except StudioError as problem:
        say(str(problem))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
