"""``python -m studio.jobs.tether FD COMMAND…``: run a command for as long as a pipe is open.

For systems where the kernel does not kill the children of a dead process by itself.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from types import FrameType

from studio.jobs.processes import kill_family

LOOK = 0.2
"""Seconds between two looks at whether the command has ended."""


def run(lifeline: int, command: list[str]) -> int:
    """The command's exit status; -9 where the other end of the pipe was closed first."""
    child = subprocess.Popen(command)

    def pass_on(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, pass_on)
    while child.poll() is None:
        closed, _, _ = select.select([lifeline], [], [], LOOK)
        if closed:
            kill_family(child.pid)
            return child.wait()
    return child.returncode


if __name__ == "__main__":
    status = run(int(sys.argv[1]), sys.argv[2:])
    if status < 0:  # die as it died, so that the supervisor reads the right cause
        signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
        os.kill(os.getpid(), -status)
    sys.exit(status)
