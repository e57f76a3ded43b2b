"""``python tests/faults/host.py CPU TRAIN WRITE [real]``: broker, recorder and that many workers;
the trainers are as they are, the others have light engines unless they are to be real."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from studio.jobs import processes
from studio.settings import Settings, settings
from workers.children import Child, broker_child, recorder_child, worker_child
from workers.supervisor import supervise

WORKER = Path(__file__).with_name("light_worker.py")


def worker(home: Settings, role: str, number: int) -> Child:
    real = role == "train" or sys.argv[4:] == ["real"]
    program = ["-m", "workers"] if real else [str(WORKER)]
    command = [sys.executable, *program, role]
    return worker_child(
        f"{role}-{number}",
        lambda log: processes.spawn(command, log, env=processes.environment(home)),
    )


if __name__ == "__main__":
    home = settings()
    roles = zip(("cpu", "train", "write"), map(int, sys.argv[1:4]), strict=True)
    workers = [worker(home, role, n) for role, count in roles for n in range(count)]
    children = [broker_child(home), recorder_child(home), *workers]
    supervise(home, children, lifeline=None, parent=os.getppid())
