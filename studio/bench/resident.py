"""How much memory this process has taken at most."""

from __future__ import annotations

from pathlib import Path

STATUS = Path("/proc/self/status")


def peak() -> int | None:
    """Bytes; None on a system without ``/proc``.

    Not ``ru_maxrss``: it outlives exec, so that a new process begins with the size of its parent.
    """
    if not STATUS.is_file():
        return None
    lines = STATUS.read_text(encoding="utf-8").splitlines()
    (high,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(high) * 1024
