"""The most memory a training takes, as its device or the kernel counts it."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FORGET_PEAK = "5"
"""What Linux wants written to start the resident peak anew."""


def begin(device: str) -> None:
    """Forget the peak so far, where that is possible."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
    elif CLEAR.exists():
        CLEAR.write_text(FORGET_PEAK, encoding="ascii")


def taken(device: str) -> int:
    """Bytes at the peak since ``begin``: on a GPU with everything this process holds there
    (context and gaps included), on a processor the resident memory."""
    if device == "cuda":
        import torch

        free, everything = torch.cuda.mem_get_info()
        outside = everything - free - torch.cuda.memory_reserved()
        return int(torch.cuda.max_memory_reserved() + max(0, outside))
    if STATUS.is_file():
        lines = STATUS.read_text(encoding="utf-8").splitlines()
        status = dict(line.split(":", 1) for line in lines)
        return int(status["VmHWM"].split()[0]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
