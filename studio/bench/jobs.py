"""What the way through queue, worker and stream costs, against the same call made in-process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.bench import machine
from studio.bench.room import Room
from studio.domain.base import Model
from studio.domain.events import Body, Token
from studio.domain.jobs import Job, JobState
from studio.domain.specs import ConvertSpec
from studio.domain.writing import Sampling, WriteSpec
from studio.inference import engine
from studio.services import context, jobs

ROUNDS = 9
STARTS = 20
TOKENS = 600
PATIENCE = 300.0
PROMPT = "The road went down to the sea, and nobody had walked it since the war. "


class Reading:
    """Seconds to the first piece of a page, and its tokens a second after that."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.times: list[float] = []

    def hear(self) -> None:
        self.times.append(time.perf_counter())

    @property
    def first(self) -> float:
        return self.times[0] - self.began

    def rate(self, tokens: int) -> float:
        return (tokens - 1) / (self.times[-1] - self.times[0])


class Here(Room):
    """A workroom in this process: what the engine emits is heard at once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, context.store())
        self.reading = Reading()

    def emit(self, body: Body) -> None:
        if isinstance(body, Token):
            self.reading.hear()


def run() -> dict[str, Any]:
    """``first_token_overhead_ms`` and ``stream_ratio`` (medians over pairs of one call through
    the write queue and one in-process), ``enqueue_to_start_ms`` (cpu queue, p50)."""
    with machine.studio() as place, _workers(place):
        gguf = _done(jobs.submit(ConvertSpec(name="bench", converter="base-gguf"), "Convert"))
        spec = WriteSpec(
            gguf_base=gguf["gguf"], raw=PROMPT, max_tokens=TOKENS, sampling=Sampling(seed=7)
        )
        _pair(spec, place.home.run)  # loads the model in both processes
        pairs = [_pair(spec, place.home.run) for _ in range(ROUNDS)]
        starts = [_start() for _ in range(STARTS)]
    results = {
        "first_token_overhead_ms": round(_middle([p["overhead"] for p in pairs]) * 1000, 2),
        "stream_ratio": round(_middle([p["ratio"] for p in pairs]), 4),
        "enqueue_to_start_ms": round(_middle(starts) * 1000, 2),
        "in_process_tokens_per_second": round(_middle([p["rate"] for p in pairs])),
    }
    return machine.report(
        "jobs",
        results,
        at_most={"first_token_overhead_ms": 25, "enqueue_to_start_ms": 40},
        at_least={"stream_ratio": 0.97},
    )


@contextmanager
def _workers(place: machine.Studio) -> Iterator[None]:
    for role in ("recorder", "cpu", "write"):
        place.start(role)
    deadline = time.monotonic() + PATIENCE
    while len(jobs.workers()) < 2 or not jobs.health()["recorder"]:
        if time.monotonic() > deadline:
            raise TimeoutError("The workers did not start.")
        time.sleep(0.2)
    yield


def _pair(spec: WriteSpec, folder: Path) -> dict[str, float]:
    """The page once in this process and once through the queue; the same seed, the same text."""
    here = Here(folder)
    written = engine.run(spec, here)
    there = Reading()
    job = jobs.submit(spec, "Bench")
    for _piece in jobs.follow(job.id, PATIENCE):
        there.hear()
    tokens = _done(job)["tokens"]
    rate = here.reading.rate(written["tokens"])
    return {
        "overhead": there.first - here.reading.first,
        "ratio": there.rate(tokens) / rate,
        "rate": rate,
    }


def _start() -> float:
    """Seconds from submitting a job to its first word. It needs no work done to be measured:
    its model is not there, and it ends by saying so."""
    spec = ConvertSpec(
        name="bench", converter="base-gguf", model=Model(source="local", name="/nowhere")
    )
    began = time.time()
    job = jobs.wait(jobs.submit(spec, "Bench").id, PATIENCE)
    if job.started_at is None:
        raise RuntimeError(f"The job did not start: {job.failure}")
    return job.started_at - began


def _done(job: Job) -> dict[str, Any]:
    ended = jobs.wait(job.id, PATIENCE)
    if ended.state is not JobState.FINISHED or ended.result is None:
        raise RuntimeError(f"{job.title}: {ended.state}, {ended.failure}")
    return ended.result


def _middle(values: list[float]) -> float:
    return statistics.median(values)
