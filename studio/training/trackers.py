"""Sends the numbers of a training to trackers, which can never hold it up.

Each tracker runs in a process of its own (``tracking.py``) and is only asked for where the
writer chose it. Numbers are told, never a text: neither samples nor passages leave the studio.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import psutil

from studio.domain.events import Body, LogLine, MetricLogged
from studio.domain.specs import TrainSpec
from studio.domain.workroom import Workroom
from studio.errors import StudioError
from studio.language import _
from studio.settings import settings

TRACKING = Path(__file__).with_name("tracking.py")
OPENING = 15.0
"""Seconds within which a tracker must have answered for the first time."""
CLOSING = 5.0
"""Seconds that the end of a training waits for the rest to be sent."""
NAMES = {"tensorboard": "TensorBoard", "wandb": "Weights & Biases", "trackio": "trackio"}


class Tracker:
    """One tracker's process. No method waits for it, but ``close`` for a few seconds."""

    def __init__(self, kind: str, start: dict[str, Any]) -> None:
        folder = Path(start["folder"])
        folder.mkdir(parents=True, exist_ok=True)
        self.kind = kind
        self._said = folder.with_suffix(".log")
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._answers: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._opened = self._over = self._complete = False
        self._began = time.monotonic()
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(TRACKING), kind],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=_environment(folder),
                text=True,
            )
        self._threads = [threading.Thread(target=work, daemon=True) for work in self._works()]
        for thread in self._threads:
            thread.start()
        self._put(start)

    def tell(self, step: int, values: dict[str, float]) -> None:
        if not self._over:
            self._put({"step": step, "values": values})

    def news(self) -> Iterator[LogLine]:
        """What became of it since the last question."""
        with suppress(Empty):
            while True:
                yield from self._take(self._answers.get_nowait())
        late = not self._opened and time.monotonic() - self._began > OPENING
        if late and not self._over:
            yield from self._give_up(_("It did not answer within {n:.0f} seconds."), OPENING)

    def close(self) -> Iterator[LogLine]:
        """Let it send the rest, for a few seconds; nothing is left of it afterwards."""
        self._lines.put(None)
        left = CLOSING if self._opened else OPENING - (time.monotonic() - self._began)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.1, left))
        ended = self._process.poll() is not None
        self._end()
        yield from self.news()
        if not self._over and not self._complete and not ended:
            yield from self._give_up(_("It did not take the last numbers in {n:.0f} s."), CLOSING)

    def _works(self) -> tuple[Any, Any]:
        return self._write, self._read

    def _write(self) -> None:
        assert self._process.stdin
        with suppress(BrokenPipeError, ValueError), self._process.stdin as pipe:
            while (line := self._lines.get()) is not None:
                pipe.write(line)
                pipe.flush()

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as pipe:
            for line in pipe:
                self._answers.put(json.loads(line))
        self._answers.put({"ended": True})

    def _put(self, message: dict[str, Any]) -> None:
        self._lines.put(json.dumps(message) + "\n")

    def _take(self, answer: dict[str, Any]) -> Iterator[LogLine]:
        if "opened" in answer:
            self._opened = True
            text = _("{tracker} gets the numbers of this training, and no text.")
            address = f" {answer['opened']}" if answer["opened"] else ""
            yield LogLine(text=text.format(tracker=NAMES[self.kind]) + address)
        elif "missing" in answer:
            yield from self._give_up(
                _("The package {n} is not installed on the trainer's machine."), answer["missing"]
            )
        elif "closed" in answer:
            self._complete = True
        elif not self._complete and not self._over:
            lines = self._said.read_text(encoding="utf-8", errors="replace").split("\n")
            said = [line.strip() for line in lines if line.strip()] or ["-"]
            yield from self._give_up(_("It ended: {n}"), said[-1][:300])

    def _give_up(self, why: str, fact: object) -> Iterator[LogLine]:
        self._over = True
        self._end()
        text = _("{tracker} gets no numbers any more, and the training goes on without.")
        reason = why.format(n=fact)
        yield LogLine(level="warning", text=f"{text.format(tracker=NAMES[self.kind])} {reason}")

    def _end(self) -> None:
        """Kill it with all its helpers, and close what is open towards it."""
        with suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self._process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self._process.kill()
        self._process.wait()
        self._lines.put(None)
        for thread in self._threads:
            thread.join(CLOSING)


class TrackedRoom:
    """A workroom whose metrics are also told to trackers."""

    def __init__(self, room: Workroom, trackers: list[Tracker]) -> None:
        self._room = room
        self._trackers = trackers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._room, name)

    def emit(self, body: Body) -> None:
        self._room.emit(body)
        if isinstance(body, MetricLogged):
            for tracker in self._trackers:
                tracker.tell(body.step, body.values)
                self._pass_on(tracker.news())

    def close(self) -> None:
        for tracker in self._trackers:
            self._pass_on(tracker.close())

    def _pass_on(self, news: Iterator[LogLine]) -> None:
        for line in news:
            self._room.emit(line)


@contextmanager
def tracked(spec: TrainSpec, room: Workroom) -> Iterator[Workroom]:
    """The room, with the trackers of ``spec`` listening to it until the training ends. The files
    of TensorBoard are stored as an artifact; its id stands in the log."""
    if not spec.trackers:
        yield room
        return
    folder = room.folder / "trackers"
    start = {"name": spec.name, "settings": _numbers(spec)}
    kinds = dict.fromkeys(spec.trackers)
    listening = TrackedRoom(
        room, [Tracker(kind, {**start, "folder": str(folder / kind)}) for kind in kinds]
    )
    try:
        yield listening
    finally:
        listening.close()
        if "tensorboard" in kinds:
            _keep(folder / "tensorboard", room)


def _keep(folder: Path, room: Workroom) -> None:
    """A training that is done does not fail for its curves."""
    if not any(folder.iterdir()):
        return
    try:
        kept = room.put(folder)
    except (OSError, StudioError) as problem:
        text = _("The files for TensorBoard could not be stored: {why}").format(why=problem)
        room.emit(LogLine(level="warning", text=text))
        return
    text = _("The files for TensorBoard are kept as artifact {id}.").format(id=kept)
    room.emit(LogLine(text=text))


def _numbers(spec: TrainSpec) -> dict[str, Any]:
    """The settings that are numbers or choices: no text, no path, no name of a dataset."""
    told = {"objective", "lora", "compute", "quantisation", "preset"}
    fields = spec.model_dump(mode="json")
    return {k: v for k, v in fields.items() if k in told or isinstance(v, (int, float))}


def _environment(folder: Path) -> dict[str, str]:
    key = settings().wandb_key
    return {
        **os.environ,
        **({"WANDB_API_KEY": key.get_secret_value()} if key else {}),
        "WANDB_DIR": str(folder),
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
    }
