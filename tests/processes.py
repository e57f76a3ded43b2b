"""Starts real workers and recorders for tests, and ends them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from studio.jobs import processes
from studio.settings import Settings

T = TypeVar("T")


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


def until(ready: Callable[[], T], seconds: float = 40.0) -> T:
    """What ``ready`` returns as soon as that is true.

    Raises:
        AssertionError: it was not within so many seconds.
    """
    deadline = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < deadline, f"not within {seconds} s, last: {found!r}"
        time.sleep(0.02)
    return found
