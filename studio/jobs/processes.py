"""Starts child processes that never outlive the studio, and ends whole families of them.

On Linux the kernel kills a child when the thread that started it is gone, even by SIGKILL.
Elsewhere each child runs under ``studio.jobs.tether``, which watches an inherited pipe.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import IO

import psutil

from studio.settings import ROOT, Settings

PR_SET_PDEATHSIG = 1
LINUX = sys.platform.startswith("linux")


def environment(settings: Settings) -> dict[str, str]:
    """What children of the studio see: the same settings from whatever folder they run in.

    OMP_WAIT_POLICY keeps torch's idle threads from spinning on a busy machine; it must be set
    before torch is imported.
    """
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {
        "OMP_WAIT_POLICY": "PASSIVE",
        **os.environ,
        "LOREWRIGHT_DATA": str(settings.data.resolve()),
        "LOREWRIGHT_CACHE": str(settings.cache.resolve()),
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
    }


def _bound_to(parent: int) -> Callable[[], None]:
    """What runs in the child between fork and exec, on Linux."""
    libc = ctypes.CDLL(None)

    def bind() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return bind


@lru_cache(maxsize=1)
def _lifeline() -> int:
    """The end of a pipe that children inherit; it reads as closed once this process is gone."""
    read, _held_open = os.pipe()
    return read


def spawn(
    command: Sequence[str],
    log: IO[bytes] | int,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    tethered: bool = not LINUX,
) -> subprocess.Popen[bytes]:
    """Start a command that dies with this process; call from the main thread.

    It gets a session of its own, so that Ctrl-C in the terminal reaches only the parent, which
    then stops its children in order. ``tethered``, it takes its own children with it. ``stdin`` is
    handed over and closed.
    """
    line = [sys.executable, "-m", "studio.jobs.tether", str(_lifeline())] if tethered else []
    child = subprocess.Popen(
        [*line, *command],
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=None if env is None else dict(env),
        cwd=ROOT,
        start_new_session=True,
        pass_fds=(_lifeline(),) if tethered else (),
        preexec_fn=_bound_to(os.getpid()) if LINUX and not tethered else None,
    )
    if child.stdin is not None and stdin is not None:
        with contextlib.suppress(BrokenPipeError), child.stdin:
            child.stdin.write(stdin)
    return child


def die_with(parent: int | None) -> None:
    """On Linux the kernel kills this process when the one that forked it ends."""
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def family(pid: int) -> list[psutil.Process]:
    """A process and all its descendants; work-horses leave the group, but not the family."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def kill_family(pid: int) -> None:
    """SIGKILL a process and all its descendants."""
    for process in family(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def stop(child: subprocess.Popen[bytes], grace: float) -> None:
    """SIGTERM, then after ``grace`` seconds SIGKILL for it and all its descendants."""
    if child.poll() is not None:
        return
    members = family(child.pid)
    child.terminate()
    try:
        child.wait(grace)
    except subprocess.TimeoutExpired:
        kill_family(child.pid)
        child.wait()
    for process in members[1:]:  # a pid that was given to another process is not killed
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
