"""Builds llama.cpp behind the open studio: runs set-up's last step, says how far it is, and tries
again when a page asks for it."""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from pathlib import Path

import redis

from studio.conversion import toolkit
from studio.domain.runner import EngineBuild
from studio.errors import StudioError
from studio.jobs import keys, live, processes, queue
from studio.language import _
from studio.settings import ROOT, settings

log = logging.getLogger(__name__)

COMMAND = (sys.executable, str(ROOT / "scripts" / "setup.py"), "engine")
COMPILER_LOG = Path(sys.prefix) / "lorewright-engine.log"
OBJECT = re.compile(r"^\[(\d+)/(\d+)\]", re.MULTILINE)
LOOK = 1.0
SURE = 10.0
"""Seconds before which the first objects, small ones, say little of those to come."""
NICE = 5
"""The pages go first."""
TROUBLE = "Lorewright: "


def main() -> int:
    """Build until llama.cpp is there; the exit status."""
    os.nice(NICE)
    while not toolkit.ready():
        _wait_for_word(build())
    _tell(None)
    log.info("llama.cpp is ready.")
    return 0


def build() -> str:
    """One try. What went wrong and what to do, in a line; empty when nothing did."""
    place = settings().run / "logs" / "build.log"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as output:
        # A tether ends compilers as well, whose parents may be gone.
        began = time.time()
        running = processes.spawn(COMMAND, output, tethered=True)
        pace = Pace()
        while running.poll() is None:
            _tell(pace.state(_compiler_said(began)))
            time.sleep(LOOK)
    said = place.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
    log.info("The build ended (%s): %s", running.returncode, said)
    if running.returncode == 0:
        return "" if toolkit.ready() else _("It was built, but is not where it belongs.")
    if said.startswith(TROUBLE):
        return said.removeprefix(TROUBLE)
    return _("Compiling llama.cpp was ended from outside. Try again; it goes on from where it was.")


class Pace:
    """Makes a time that is left out of the objects compiled so far in this try."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None

    def state(self, compiler_said: str) -> EngineBuild:
        found = OBJECT.findall(compiler_said)
        if not found:
            return EngineBuild(phase="building")
        done, total = map(int, found[-1])
        begun, since = self._first = self._first or (done, time.monotonic())
        passed = time.monotonic() - since
        known = done > begun and passed >= SURE
        left = passed / (done - begun) * (total - done) if known else None
        return EngineBuild(phase="building", done=done, total=total, seconds_left=left)


def _compiler_said(since: float) -> str:
    """The end of the compiler's log, if it is of this try."""
    try:
        if COMPILER_LOG.stat().st_mtime < since:
            return ""
        with COMPILER_LOG.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 100_000))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _wait_for_word(said: str) -> None:
    """After a failure: until a page asks for another try, or set-up was run by hand."""
    while said and not toolkit.ready():
        if _asked_again():
            return
        _tell(EngineBuild(phase="failed", said=said))
        time.sleep(LOOK)


def _tell(state: EngineBuild | None) -> None:
    try:
        client = queue.connect(patience=LOOK)
        live.tell_build(state, client) if state else client.delete(keys.ENGINE)
    except (redis.RedisError, StudioError) as problem:
        log.debug("Nobody hears how far the build is: %s", problem)


def _asked_again() -> bool:
    try:
        return bool(queue.connect(patience=LOOK).getdel(keys.ENGINE_AGAIN))
    except (redis.RedisError, StudioError):
        return False
