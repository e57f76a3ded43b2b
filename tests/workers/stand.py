"""A worker whose engines count instead of training: the real process, queue, events, artifacts.

``python -m tests.workers.stand cpu|train|write`` is ``python -m workers …`` with these engines.
A spec's name (for write: its raw prompt) tells them what to do, as in ``steps=50 pause=0.1``.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import time
from dataclasses import replace
from typing import Any

from studio.domain.events import CheckpointSaved, LogLine, MetricLogged, Progressed, Token
from studio.domain.recipes import PrepareSpec
from studio.domain.specs import TrainSpec
from studio.domain.workroom import Stopped, Workroom
from studio.domain.writing import WriteSpec
from studio.errors import StudioError

FAILURES = {
    "studio": StudioError("The page is blank.", "Nobody wrote on it.", "Write something."),
    "memory": MemoryError(),
    "disk": OSError(errno.ENOSPC, "No space left on device"),
    "defect": ZeroDivisionError("division by zero"),
}


def orders(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split() if "=" in part)


def count(spec: PrepareSpec | TrainSpec, room: Workroom) -> dict[str, Any]:
    """Count to ``steps``; every ``save`` steps a checkpoint; at the end the sum as a figure.

    ``hold`` names the step at which the first attempt stands until it is stopped or killed."""
    told = orders(spec.name)
    steps, save = int(told.get("steps", 3)), int(told.get("save", 0))
    step, total = _resumed(room)
    while step < steps:
        if room.stopped() and "deaf" not in told:
            raise Stopped({"steps": step, "checkpoint": _save(room, step, total)})
        step, total = step + 1, total + 1 / (step + 1)
        room.emit(Progressed(step=step, steps=steps, unit="steps"))
        room.emit(MetricLogged(step=step, values={"total": total}))
        if save and step % save == 0:
            _save(room, step, total)
        if told.get("die") == str(step) and room.checkpoint is None:
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(float(told.get("pause", 0)))
        while told.get("hold") == str(step) and room.checkpoint is None and not room.stopped():
            time.sleep(0.02)
    if told.get("fail"):
        raise FAILURES[told["fail"]]
    if told.get("result") == "bad":
        return {"path": room.folder / "x"}
    room.emit(LogLine(text=f"Counted to {steps}."))
    return {"steps": steps, "total": total, "pid": os.getpid(), "dataset": "d" * 64}


def _resumed(room: Workroom) -> tuple[int, float]:
    if not room.checkpoint:
        return 0, 0.0
    saved = json.loads((room.fetch(room.checkpoint) / "state.json").read_text())
    return saved["step"], saved["total"]


def _save(room: Workroom, step: int, total: float) -> str:
    folder = room.folder / f"checkpoint-{step}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state.json").write_text(json.dumps({"step": step, "total": total}))
    artifact = room.put(folder)
    room.emit(CheckpointSaved(step=step, artifact=artifact))
    return artifact


def speak(spec: WriteSpec, room: Workroom) -> dict[str, Any]:
    """Emit ``max_tokens`` numbered words, ``pause`` seconds apart."""
    told = orders(spec.raw or "")
    words = []
    for number in range(spec.max_tokens):
        if room.stopped():
            raise Stopped({"text": "".join(words)})
        words.append(f"w{number} ")
        room.emit(Token(text=words[-1]))
        time.sleep(float(told.get("pause", 0)))
    return {"text": "".join(words), "tokens": len(words)}


def main() -> int:
    from workers import readiness, roles, tasks
    from workers.__main__ import main as serve

    here = f"{__name__ if __name__ != '__main__' else 'tests.workers.stand'}"
    tasks.ENGINES.update(prepare=f"{here}:count", train=f"{here}:count", write=f"{here}:speak")
    tasks.ENGINES["convert"] = f"{here}:count"
    readiness.REST = 1.0
    whole = roles.role_of
    roles.role_of = lambda name, backend: replace(whole(name, backend), imports=())
    return serve()


if __name__ == "__main__":
    sys.exit(main())
