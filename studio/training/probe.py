"""Tries a training out on its longest examples: what it takes is measured instead of reckoned.

The training itself runs, all of it, for two steps on a dataset of the longest examples, in a
room that keeps nothing. What is measured is therefore what the whole would take at its worst.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from studio.datasets import stored
from studio.datasets.example import Example
from studio.datasets.formatting import formatter_of
from studio.datasets.masking import plain_ids
from studio.domain.events import Body, LogLine, MetricLogged, Progressed
from studio.domain.specs import ProbeSpec, TrainSpec
from studio.domain.workroom import Workroom
from studio.errors import StudioError
from studio.models.loading import best_device
from studio.models.source import folder_of, load_tokenizer
from studio.training import engine, peak
from studio.training.arguments import examples_a_step

STEPS = 2
"""The optimiser's states exist from the end of the first on."""
HELD_OUT = 16
"""Held-out examples that are measured, the longest: one batch of them decides."""
NOWHERE = "0" * 64
"""The id of what was not kept."""
ENOUGH = 100_000
"""Passes, so that two steps are never more than the training has."""


def run(spec: ProbeSpec, room: Workroom) -> dict[str, Any]:
    """Two steps. Running out of memory is a result, not a failure.

    The result has ``fits``, ``device`` (cpu or cuda), ``peak_memory`` (bytes; where it did not
    fit, what was taken until then), ``seconds_a_step`` and ``tokens_a_second`` on the longest
    examples (None where it did not fit, or the objective counts no tokens).

    Raises:
        StudioError: the dataset or the model is of no use.
        Stopped: on request.
    """
    device = best_device()
    rehearsal = Rehearsal(room, spec.training)
    with _limited(device):
        try:
            found = engine.run(_shortened(spec.training), rehearsal)
        except StudioError as problem:
            if problem.cause != "memory":
                raise
            room.emit(LogLine(level="warning", text=f"{problem.what} {problem.why}"))
            return _result(device, rehearsal, fits=False, taken=rehearsal.peak)
    return _result(device, rehearsal, fits=True, taken=found["peak_memory"])


def _result(device: str, rehearsal: Rehearsal, *, fits: bool, taken: int) -> dict[str, Any]:
    return {
        "fits": fits,
        "device": device,
        "peak_memory": taken,
        "seconds_a_step": rehearsal.seconds_a_step if fits else None,
        "tokens_a_second": rehearsal.tokens_a_second if fits else None,
    }


def _shortened(spec: TrainSpec) -> TrainSpec:
    """Two steps, measured before and after, without samples, checkpoints or trackers."""
    changes = {
        "max_steps": STEPS,
        "epochs": float(ENOUGH),
        "evaluate_every": STEPS,
        "save_every": STEPS,
        "samples": 0,
        "held_out_passages": min(HELD_OUT, spec.held_out_passages),
        "trackers": (),
        "extends": None,
    }
    return spec.model_copy(update=changes)


class Rehearsal(Workroom):
    """A workroom for a training of which nothing is to remain: progress is told, the times of
    the steps are noted, and every folder that is handed in goes with the attempt."""

    def __init__(self, room: Workroom, spec: TrainSpec) -> None:
        self.folder = room.folder
        self.checkpoint: str | None = None
        self.earlier: tuple[str, ...] = ()
        self.peak = 0
        """What was taken when there was no more to be had, in bytes."""
        self._room = room
        self._spec = spec
        self._dataset: Path | None = None
        self._ended: list[float] = []
        self._tokens: dict[int, float] = {}

    def emit(self, body: Body) -> None:
        if isinstance(body, MetricLogged) and "tokens" in body.values:
            self._tokens[body.step] = body.values["tokens"]
        if isinstance(body, MetricLogged) and "peak_memory" in body.values:
            self.peak = int(body.values["peak_memory"])
        if isinstance(body, Progressed) and body.step:
            self._ended.append(time.monotonic())
        if isinstance(body, (Progressed, LogLine)):
            self._room.emit(body)

    def fetch(self, artifact: str) -> Path:
        if artifact != self._spec.dataset:
            return self._room.fetch(artifact)
        if self._dataset is None:
            self._dataset = self.folder / "longest"
            tokenizer = load_tokenizer(folder_of(self._spec.model, self._room.fetch))
            write_longest(self._room.fetch(artifact), self._dataset, self._spec, tokenizer)
        return self._dataset

    def put(self, folder: Path) -> str:
        return NOWHERE

    def stopped(self) -> bool:
        return self._room.stopped()

    @property
    def seconds_a_step(self) -> float | None:
        """Of the last step: the first one has to warm up."""
        return self._ended[-1] - self._ended[-2] if len(self._ended) >= STEPS else None

    @property
    def tokens_a_second(self) -> float | None:
        read = self._tokens.get(STEPS, 0) - self._tokens.get(STEPS - 1, 0)
        seconds = self.seconds_a_step
        return read / seconds if read > 0 and seconds else None


def write_longest(dataset: Path, target: Path, spec: TrainSpec, tokenizer: Any) -> None:
    """The longest examples of a dataset's folder that a training may read, as a dataset of their
    own: as many to learn from as two steps take, as many held out as a measure may have."""
    target.mkdir(parents=True, exist_ok=True)
    rows = STEPS * examples_a_step(spec)
    tokens = rows * spec.max_length if spec.packing else 0
    parts = {"train": (rows, tokens), "validation": (HELD_OUT, 0)}
    for split, (count, at_least) in parts.items():
        name = f"{split}.jsonl"
        lengths = _lengths(stored.read(dataset / name), spec, tokenizer)
        found = _longest(lengths, count, at_least)
        lines = "".join(example.model_dump_json() + "\n" for example in found)
        (target / name).write_text(lines, encoding="utf-8")


def _lengths(
    examples: Iterator[Example], spec: TrainSpec, tokenizer: Any
) -> Iterator[tuple[int, Example]]:
    """What is read of each example, in tokens; one that may not fit is left out."""
    formatter, most = formatter_of(spec.formatter), spec.max_length
    for example in examples:
        whole = formatter.run(tokenizer, example.turns)
        other = len(plain_ids(tokenizer, example.rejected)) if example.rejected else 0
        shortened = max(sum(whole.mask), other) <= most // 2 or spec.objective.kind == "pretrain"
        if len(whole.ids) <= most or shortened:
            yield min(most, len(whole.ids)) + min(most, other), example


def _longest(
    lengths: Iterator[tuple[int, Example]], count: int, at_least: int
) -> Iterator[Example]:
    """The ``count`` longest, or so many that they have ``at_least`` tokens; the longest first."""
    for length, example in sorted(lengths, key=lambda found: found[0], reverse=True):
        if count <= 0 and at_least <= 0:
            return
        yield example
        count, at_least = count - 1, at_least - length


@contextmanager
def _limited(device: str) -> Iterator[None]:
    """On a processor: let the allocator refuse what the machine does not have, as a card does.
    Otherwise the kernel would end this process, or another one, without a word."""
    if device != "cpu" or not peak.STATUS.is_file():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _data() + psutil.virtual_memory().available
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _data() -> int:
    """Bytes that count against the limit now: memory of this process that can be written."""
    lines = peak.STATUS.read_text(encoding="utf-8").splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return int(told["VmData"].split()[0]) * 1024
