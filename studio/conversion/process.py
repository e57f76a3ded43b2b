"""Runs ``launch.py`` as a child: its lines become events, and it never outlives the job."""

from __future__ import annotations

import errno
import os
import re
import selectors
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Protocol

from studio.domain.events import Body, LogLine, Progressed
from studio.domain.workroom import Stopped

LAUNCH = Path(__file__).with_name("launch.py")
QUIET = {
    "GGML_NO_BACKTRACE": "1",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYTHONUNBUFFERED": "1",
}
TICK = 0.1
KEPT = 20
PERCENT = re.compile(r"Writing:\s+(\d+)%")
TENSOR = re.compile(r"\[\s*(\d+)/\s*(\d+)\]")
FULL = ("no space left on device", "quota exceeded", "requested and", "iostream error")
"""As the operating system, numpy and llama.cpp say that a disk took less than it was given."""
LEVELS = {"ERROR": "error", "WARNING": "warning"}


class LaunchError(Exception):
    """The child ended badly; ``lines`` are the last that it said."""

    def __init__(self, code: int, lines: list[str]) -> None:
        super().__init__(f"ended with {code}: " + (lines[-1] if lines else "it said nothing"))
        self.lines = lines


class Audience(Protocol):
    """Whoever hears what a child says, and may end it."""

    folder: Path

    def emit(self, body: Body) -> None: ...

    def stopped(self) -> bool: ...


def launch(room: Audience, *arguments: str) -> None:
    """Run to the end, telling lines and progress.

    Raises:
        LaunchError: the child failed.
        OSError: it failed because the disk is full.
        Stopped: the writer asked to stop; the child was ended.
    """
    command = [sys.executable, "-I", str(LAUNCH), *arguments]
    last: deque[str] = deque(maxlen=KEPT)
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **QUIET},
    ) as child:
        try:
            for line in _lines(child, room):
                last.append(line)
                _tell(room, line)
        finally:
            if child.poll() is None:
                child.kill()
    if child.returncode and any(sign in line.lower() for line in last for sign in FULL):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(room.folder))
    if child.returncode:
        raise LaunchError(child.returncode, list(last))


def _lines(child: subprocess.Popen[bytes], room: Audience) -> Iterator[str]:
    """The child's lines as they come, until it closes its output."""
    assert child.stdout is not None
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        asked = monotonic()
        while True:
            if monotonic() - asked >= TICK:
                asked = monotonic()
                if room.stopped():
                    raise Stopped({})
            if not selector.select(TICK):
                continue
            chunk = os.read(child.stdout.fileno(), 65536)
            *whole, rest = re.split(rb"[\r\n]+", rest + chunk)
            yield from (line.decode("utf-8", "replace") for line in whole if line.strip())
            if not chunk:
                break
    if rest.strip():
        yield rest.decode("utf-8", "replace")
    child.wait()


def _tell(room: Audience, line: str) -> None:
    if found := PERCENT.search(line):
        room.emit(Progressed(step=int(found[1]), steps=100, unit="%"))
        return
    if found := TENSOR.match(line):
        room.emit(Progressed(step=int(found[1]), steps=int(found[2]), unit="tensors"))
        return
    level, _colon, rest = line.partition(":")
    text = rest.partition(":")[2] if level in ("INFO", "WARNING", "ERROR") else line
    room.emit(LogLine.model_validate({"level": LEVELS.get(level, "info"), "text": text.strip()}))
