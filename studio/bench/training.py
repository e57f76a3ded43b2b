"""What a training job's step costs over the same trl trainer run alone."""

from __future__ import annotations

import os
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

from studio.bench import machine, training_gpu
from studio.bench.room import Room
from studio.domain.base import Model
from studio.domain.events import Body, Progressed, Started
from studio.domain.recipes import PrepareSpec
from studio.domain.specs import TrainSpec
from studio.jobs.events import Emitter
from studio.jobs.leases import Lease
from studio.models.loading import best_device
from studio.models.source import folder_of, load_tokenizer, validate
from studio.plugins import discover
from studio.services import context
from studio.settings import settings
from studio.text.importing import read_manuscript
from studio.training import engine
from studio.training.arguments import common
from studio.training.computing import computing, powers
from studio.training.examples import rows_of
from studio.training.model import build

STEPS = 40
WARM = 4
"""First steps that do not count: caches fill, memory is taken."""
JOB, ALONE = 0, 1


class Baton:
    """Lets two trainings take steps in turn, so that each pair of steps meets one machine."""

    def __init__(self) -> None:
        self.laps: tuple[list[float], list[float]] = ([], [])
        self._turn = JOB
        self._gone: set[int] = set()
        self._began: dict[int, float] = {}
        self._change = threading.Condition()

    def wait(self, runner: int) -> None:
        """Until it is this runner's turn: models are loaded one after the other, as the
        libraries cannot load two at once."""
        with self._change:
            self._change.wait_for(lambda: self._turn == runner or 1 - runner in self._gone)

    def step_done(self, runner: int) -> None:
        """Note the time of the step, and wait until the other one has done its own."""
        other = 1 - runner
        with self._change:
            if runner in self._began:
                self.laps[runner].append(time.perf_counter() - self._began[runner])
            self._turn = other
            self._change.notify_all()
            self._change.wait_for(lambda: self._turn == runner or other in self._gone)
            self._began[runner] = time.perf_counter()

    def leave(self, runner: int) -> None:
        with self._change:
            self._gone.add(runner)
            self._change.notify_all()


@dataclass
class HeardRoom(Room):
    """Its events go to a real broker, and each step ends the turn of the job."""

    _: KW_ONLY
    emitter: Emitter
    baton: Baton | None = None

    def emit(self, body: Body) -> None:
        self.emitter.emit(body)
        if self.baton and isinstance(body, Progressed) and body.step:
            self.baton.step_done(JOB)


def run() -> dict[str, Any]:
    """``step_ratio``: a step of the engine, with its events, over one of the bare trainer with
    the same arguments; the median over pairs of steps that were done one after the other."""
    with machine.studio() as place:
        spec = _spec(_dataset(place.home.data))
        baton = Baton()
        with ThreadPoolExecutor(2) as both:
            runs = [
                both.submit(_as_job, spec, place.home.data / "job", baton),
                both.submit(_alone, spec, place.home.data / "alone", baton),
            ]
            for done in runs:
                done.result()
    job, alone = (laps[WARM:-1] for laps in baton.laps)
    results = {
        "step_ratio": round(statistics.median(j / a for j, a in zip(job, alone, strict=True)), 4),
        "job_step_seconds": round(statistics.median(job), 4),
        "alone_step_seconds": round(statistics.median(alone), 4),
    }
    gpu = training_gpu.measure()
    at_most, at_least = {"step_ratio": 1.03}, {}
    if gpu and "gpu_speed_ratio" in gpu:
        results |= {name: round(gpu[name], 3) for name in ("gpu_speed_ratio", "gpu_memory_ratio")}
        at_most["gpu_memory_ratio"], at_least["gpu_speed_ratio"] = 0.6, 1.5
    told = "No GPU was found; only the step of a job was compared."
    return machine.report("training", results, at_most, at_least) | {"gpu": gpu or told}


def _spec(dataset: str) -> TrainSpec:
    return TrainSpec(
        name="bench",
        dataset=dataset,
        batch_size=2,
        epochs=20,
        max_steps=STEPS,
        evaluate_every=STEPS,
        save_every=STEPS,
        samples=0,
    )


def _emitter(name: str) -> Emitter:
    lease = Lease(job_id=name, attempt=1, worker="bench", token="bench")
    return Emitter(lease, settings().run / "spool")


def _dataset(folder: Path) -> str:
    """The English sample, prepared as a job would do it."""
    from studio.datasets import engine as preparing

    sample = sorted(settings().samples.glob("*.txt"))[-1]
    written = folder / "manuscript"
    written.mkdir(parents=True)
    manuscript = read_manuscript(sample.name, sample.read_bytes())
    (written / preparing.MANUSCRIPT).write_text(manuscript.model_dump_json(), encoding="utf-8")
    with _emitter("prepare") as emitter:
        room = HeardRoom(folder / "prepare", context.store(), emitter=emitter)
        spec = PrepareSpec(name="bench", manuscripts=(room.put(written),))
        return str(preparing.run(spec, room)["dataset"])


def _as_job(spec: TrainSpec, folder: Path, baton: Baton) -> None:
    try:
        with _emitter(folder.name) as emitter:
            emitter.emit(Started(worker="bench", device="cpu", host="", pid=os.getpid()))
            engine.run(spec, HeardRoom(folder, context.store(), emitter=emitter, baton=baton))
    finally:
        baton.leave(JOB)


def _alone(spec: TrainSpec, folder: Path, baton: Baton) -> None:
    """The bare trainer on the same rows with the same arguments."""
    baton.wait(ALONE)
    base = folder_of(Model(), context.store().fetch)
    tokenizer = load_tokenizer(base)
    path = context.store().fetch(spec.dataset) / "train.jsonl"
    rows, _account = rows_of(path, tokenizer, spec.formatter, spec.max_length)
    way = computing(spec, validate(base), powers(best_device()))
    model = build(base, spec, way.kind, way.dtype, way.attention)
    arguments = common(spec, STEPS, folder, way)
    objective = discover("studio.training.objectives")[spec.objective.kind]
    try:
        runner = [_runner(baton)]
        objective.run(spec.objective, model, tokenizer, rows, arguments, runner).train()
    finally:
        baton.leave(ALONE)


def _runner(baton: Baton) -> Any:
    from transformers import TrainerCallback

    class Runner(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_arguments: Any, **_rest: Any) -> None:
            baton.step_done(ALONE)

    return Runner()
