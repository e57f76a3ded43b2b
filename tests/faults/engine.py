"""A light engine for the fault tests: steps, checkpoints, one large artifact, and stages at
which a test can hold a job until it has struck. Its plan travels in a DownloadSpec."""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from studio.domain.events import CheckpointSaved, LogLine, MetricLogged, Progressed, Token
from studio.domain.specs import DownloadSpec
from studio.domain.workroom import Stopped, Workroom
from studio.domain.writing import WriteSpec
from studio.jobs import filing
from studio.jobs.manifests import File

BLOCK = os.urandom(1 << 20)
STORED = 4
"""Files of an artifact that is held half stored."""


class Plan(BaseModel):
    """``hold`` names the stage at which the first attempt waits for the file ``<name>.go``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    marks: Path
    name: str
    steps: int = 20
    save_every: int = 5
    pace: float = 0.0
    burst: int = 0
    megabytes: int = 1
    hold: str = ""

    def spec(self) -> DownloadSpec:
        return DownloadSpec(repository="tests/faults", revision=self.model_dump_json())

    def page(self) -> WriteSpec:
        return WriteSpec(gguf_base="0" * 64, raw=self.model_dump_json())

    @property
    def text(self) -> str:
        return "".join(f"{self.name} writes word {step}. " for step in range(self.steps))

    def reach(self, stage: str) -> None:
        held = self.mark(stage)
        if self.hold == stage and not held.exists():
            held.write_text(str(os.getpid()))
            while not self.mark("go").exists():
                time.sleep(0.01)

    def mark(self, what: str) -> Path:
        return self.marks / f"{self.name}.{what}"

    def note_run(self, first: int) -> None:
        with self.mark("runs").open("a") as file:
            file.write(f"{os.getpid()} {first}\n")


def run(spec: DownloadSpec, room: Workroom) -> dict[str, Any]:
    plan = Plan.model_validate_json(spec.revision)
    done = _restore(room)
    plan.note_run(done)
    plan.reach("started")
    for step in range(done + 1, plan.steps + 1):
        time.sleep(plan.pace)
        room.emit(Progressed(step=step, steps=plan.steps, unit="steps"))
        room.emit(MetricLogged(step=step, values={"loss": 1 / step}))
        if step % plan.save_every == 0:
            room.emit(CheckpointSaved(step=step, artifact=_save(room, step)))
        if step == plan.steps // 2:
            plan.reach("mid-progress")
        if step == plan.save_every:
            plan.reach("after checkpoint")
        if room.stopped():
            raise Stopped({"step": step})
    for number in range(plan.burst):
        room.emit(LogLine(text=f"line {number}"))
    if plan.hold == "artifact":
        _hold_while_storing(plan)
    facts = {"repository": plan.name, "revision": "", "bytes": plan.megabytes << 20, "licence": ""}
    artifact = room.produce("model", _result(room, plan), plan.name, facts)
    plan.reach("before finish")
    return {"model": artifact, "from": done}


def write(spec: WriteSpec, room: Workroom) -> dict[str, Any]:
    """A page, a few letters at a time, always the same."""
    plan = Plan.model_validate_json(spec.raw or "")
    plan.note_run(0)
    text = plan.text
    for start in range(0, len(text), 3):
        room.emit(Token(text=text[start : start + 3]))
        time.sleep(plan.pace)
        if start <= len(text) // 2 < start + 3:
            plan.reach("half written")
    return {"text": text, "from": 0}


def _restore(room: Workroom) -> int:
    if room.checkpoint is None:
        return 0
    return int(json.loads((room.fetch(room.checkpoint) / "state.json").read_text())["step"])


def _save(room: Workroom, step: int) -> str:
    folder = room.folder / f"checkpoint-{step}"
    folder.mkdir(exist_ok=True)
    (folder / "state.json").write_text(json.dumps({"step": step, "by": os.getpid()}))
    return room.put(folder)


def _hold_while_storing(plan: Plan) -> None:
    """From now on this process stands once STORED files of an artifact are copied."""
    copy, copied = filing.copy, itertools.count()

    def held(source: Path, target: Path, folder: Path) -> File:
        if next(copied) == STORED:
            plan.reach("artifact")
        return copy(source, target, folder)

    filing.copy = held


def _result(room: Workroom, plan: Plan) -> Path:
    """Files that differ for every job, so that none is found in the store already."""
    folder = room.folder / "result"
    folder.mkdir(exist_ok=True)
    for number in range(plan.megabytes):
        (folder / f"{number}.bin").write_bytes(f"{plan.name} {number}".encode() + BLOCK)
    return folder
