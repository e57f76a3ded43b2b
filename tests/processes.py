"""Starts real workers and recorders for tests, ends them, and says whether one has ended."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from studio.jobs import processes
from studio.settings import Settings


class Crew:
    """The processes of one test; all of them end with it."""

    def __init__(self, home: Settings) -> None:
        self.home = home
        self.children: list[subprocess.Popen[bytes]] = []

    def start(
        self, *arguments: str, module: str = "tests.workers.stand"
    ) -> subprocess.Popen[bytes]:
        self.home.run.mkdir(parents=True, exist_ok=True)
        with (self.home.run / f"{arguments[0]}.log").open("ab") as log:
            child = processes.spawn(
                [sys.executable, "-m", module, *arguments], log, processes.environment(self.home)
            )
        self.children.append(child)
        return child

    def recorder(self) -> subprocess.Popen[bytes]:
        return self.start("recorder", module="workers")

    def end(self) -> None:
        for child in self.children:
            processes.kill_family(child.pid)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(5)

    def said(self, role: str) -> str:
        return (self.home.run / f"{role}.log").read_text()


@contextmanager
def crew(home: Settings) -> Iterator[Crew]:
    found = Crew(home)
    try:
        yield found
    finally:
        found.end()


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended, its parent having looked at it or not."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
