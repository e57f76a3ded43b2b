"""What set-up says on the screen, how it runs tools, and how it gives up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

NO_NETWORK = (
    "dns error",
    "error sending request",
    "failed to fetch",
    "network unreachable",
    "network is unreachable",
    "name resolution",
    "connection refused",
    "connection error",
    "failed to establish a new connection",
    "timed out",
    "no matching distribution",
)
BEAT = 15.0
"""Seconds between two signs of life of a long step."""


class SetUpError(Exception):
    """What is wrong and what to do, in one line each; set-up ends with it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy


def say(text: str) -> None:
    print(text, flush=True)


def duration(seconds: float) -> str:
    """As people write it: 0.4 s, 14 s, 3 min 20 s."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


@contextmanager
def step(what: str, typical: str) -> Iterator[None]:
    """Say what begins, how long it takes as a rule, that it goes on, and how long it took."""
    began = time.monotonic()
    say(f"  {what} (as a rule {typical}) …")
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT):
            say(f"    … {duration(time.monotonic() - began)}")

    teller = threading.Thread(target=beat, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
    say(f"    done in {duration(time.monotonic() - began)}")


def tool(
    command: Sequence[object],
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> bool:
    """Run a tool with its output in ``log`` (appended); whether it succeeded."""
    with log.open("a", encoding="utf-8") as output:
        output.write(f"\n$ {' '.join(map(str, command))}\n")
        output.flush()
        done = subprocess.run(
            list(map(str, command)),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            check=False,
        )
    return done.returncode == 0


def last_words(log: Path, characters: int = 4000) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-characters:]


def give_up(what: str, log: Path) -> SetUpError:
    """The trouble a tool's output speaks of: no network, no space, or see the log."""
    said = last_words(log).lower()
    if "no space left" in said:
        return no_space(log.parent)
    if any(sign in said for sign in NO_NETWORK):
        return SetUpError(
            f"{what} could not be fetched: the network is not reachable, and the cache does not "
            "hold it.",
            f"Connect to the network and try again. Details: {log}",
        )
    return SetUpError(f"{what} could not be installed.", f"The reason stands at the end of {log}")


def need_room(place: Path, needed: int, what: str) -> None:
    """Raise SetUpError where the disk of a place has less than ``needed`` bytes free."""
    free = shutil.disk_usage(place).free
    if free < needed:
        raise SetUpError(
            f"Only {free / 1e9:.1f} GB are free on the disk of {place}.",
            f"{what} needs about {needed / 1e9:.1f} GB there: make room, then try again.",
        )


def no_space(place: Path) -> SetUpError:
    return SetUpError(f"The disk of {place} is full.", "Make about 4 GB of room and try again.")


def fail(trouble: SetUpError) -> int:
    print(f"Lorewright: {trouble.what} {trouble.remedy}", file=sys.stderr, flush=True)
    return 1
