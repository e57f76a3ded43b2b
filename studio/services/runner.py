"""Starts the studio's processes: from within a page server, or with one in the foreground.

Both ways lead to one supervisor for a data folder (``workers.supervisor``), a process of its
own that holds a lock there. Whoever finds the lock held joins.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

from studio.domain.runner import RunnerState
from studio.errors import StudioError
from studio.jobs import processes
from studio.language import _
from studio.settings import ROOT, settings

START_SECONDS = 60.0
SUPERVISOR = (sys.executable, "-m", "workers.supervisor")
_starting = threading.Lock()


def ensure_running() -> RunnerState:
    """The running supervisor of the data folder, started if there is none; for page scripts.

    Costs well under a millisecond when one runs. The supervisor ends with the process that
    started it, however that ends; the next call in another process starts a new one.

    Raises:
        StudioError: the broker did not start in time.
    """
    found = state()
    if found is not None and found.phase == "running":
        return found
    with _starting:
        return _started()


def state() -> RunnerState | None:
    """What the supervisor last wrote; None when none runs."""
    if not _lock_is_held():
        return None
    try:
        return RunnerState.model_validate_json(_state_file().read_bytes())
    except (OSError, ValueError):  # it has the lock and is about to write
        return None


def up(port: int, with_parent: bool = False) -> NoReturn:
    """Become the supervisor, with the page server on ``port``, until Ctrl-C or SIGTERM.

    ``with_parent`` also ends it when the parent process is gone (for make).

    Raises:
        StudioError: another program listens on ``port``.
    """
    check_port(port)
    command = [*SUPERVISOR, "--page", str(port), *(["--with-parent"] if with_parent else [])]
    os.chdir(ROOT)
    sys.stdout.flush()  # the process goes on as another program, without this one's buffers
    sys.stderr.flush()
    os.execve(command[0], command, processes.environment(settings()))


def _state_file() -> Path:
    return settings().run / "supervisor.json"


def _lock_is_held() -> bool:
    """Asks by sharing the lock for an instant, which a supervisor at its start waits for."""
    try:
        descriptor = os.open(settings().run / "runner.lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _started() -> RunnerState:
    deadline = time.monotonic() + START_SECONDS
    child: subprocess.Popen[bytes] | None = None
    while time.monotonic() < deadline:
        found = state()
        if found is not None and found.phase == "running":
            return found
        if child is not None and child.poll():
            break
        if not _lock_is_held() and (child is None or child.poll() is not None):
            child = _start()
        time.sleep(0.05)
    raise StudioError(
        _("The studio's workshop did not start."),
        _last_words() if child is not None and child.poll() else _("Its broker was not ready."),
        _("Look at the files in {folder}, then reload this page.").format(folder=_logs()),
    )


def _logs() -> Path:
    return settings().run / "logs"


def _last_words() -> str:
    """The last line that a supervisor wrote before it ended."""
    said = (_logs() / "runner.log").read_text(errors="replace").strip()
    return said.rpartition("\n")[2] or _("It ended at once.")


def _start() -> subprocess.Popen[bytes]:
    """A supervisor whose standard input closes when this process is gone.

    The pipe's other end is a bare descriptor on purpose: no object holds it, so nothing but
    the end of this process closes it.
    """
    _logs().mkdir(parents=True, exist_ok=True)
    lifeline, _held_open = os.pipe()
    try:
        with (_logs() / "runner.log").open("wb") as output:
            return subprocess.Popen(
                [*SUPERVISOR, "--lifeline"],
                stdin=lifeline,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=processes.environment(settings()),
                cwd=ROOT,
                start_new_session=True,
            )
    finally:
        os.close(lifeline)


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise StudioError(
                _("The studio cannot open its pages on port {port}.").format(port=port),
                _("The system says: {error}.").format(error=error.strerror or error),
                _("Stop the program that uses the port, or choose another with --port."),
            ) from error
