"""Feeds one tracker, in a process of its own.

Started by path as ``python -I tracking.py KIND``; imports nothing of the studio. Lines of JSON
come in: first name, folder and settings of the run, then numbers by step. When the input ends,
by whatever death of the parent, this ends too, even if the tracker never answers.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple

GRACE = 60.0
"""Seconds that a tracker gets to open and send the rest after its parent died; one that lives
waits less, and kills it."""


class Tracker(NamedTuple):
    tell: Callable[[int, dict[str, float]], object]
    close: Callable[[], object]
    address: str = ""


def _tensorboard(name: str, folder: str, settings: dict[str, Any]) -> Tracker:
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(folder)

    def tell(step: int, values: dict[str, float]) -> None:
        for key, value in values.items():
            writer.add_scalar(key, value, step)

    return Tracker(tell, writer.close)


def _wandb(name: str, folder: str, settings: dict[str, Any]) -> Tracker:
    import wandb

    run = wandb.init(
        project="lorewright",
        name=name,
        dir=folder,
        config=settings,
        settings=wandb.Settings(
            init_timeout=60,
            console="off",
            silent=True,
            save_code=False,
            disable_code=True,
            disable_git=True,
            x_disable_meta=True,
            x_disable_machine_info=True,
            x_disable_stats=True,
            x_save_requirements=False,
        ),
    )
    return Tracker(lambda step, values: run.log(values, step=step), run.finish, run.url or "")


def _trackio(name: str, folder: str, settings: dict[str, Any]) -> Tracker:
    import trackio

    trackio.init(project="lorewright", name=name, config=settings)
    return Tracker(lambda step, values: trackio.log(values, step=step), trackio.finish)


KINDS = {"tensorboard": _tensorboard, "wandb": _wandb, "trackio": _trackio}


def _listen(lines: SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    lines.put("")
    threading.Timer(GRACE, os._exit, (1,)).start()


def main(kind: str) -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    lines: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    try:
        tracker = KINDS[kind](**json.loads(lines.get()))
    except ModuleNotFoundError as problem:
        answers.write(json.dumps({"missing": problem.name}) + "\n")
        return
    answers.write(json.dumps({"opened": tracker.address}) + "\n")
    while line := lines.get():
        told = json.loads(line)
        tracker.tell(told["step"], told["values"])
    tracker.close()
    answers.write(json.dumps({"closed": True}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # no exit handler of a library may hold it up
