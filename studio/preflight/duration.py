"""How long a training takes, reckoned before it starts. An estimate, and said to be one."""

from __future__ import annotations

import math

from studio.domain.facts import DatasetFacts, DeviceFacts
from studio.domain.learning import PREFERENCES
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.training.arguments import examples_a_step, steps_of
from studio.training.model import recomputes
from studio.training.pace import tokens_a_second, work


def rows_of(spec: TrainSpec, dataset: DatasetFacts) -> int:
    """Rows of one pass: the passages, or as many full rows as packing makes of them."""
    if not spec.packing:
        return dataset.train
    return max(1, math.ceil(dataset.tokens / spec.max_length)) if dataset.train else 0


def seconds(
    spec: TrainSpec,
    model: ModelFacts,
    dataset: DatasetFacts,
    device: DeviceFacts,
    rate: float | None = None,
) -> float:
    """Steps and measuring together, without samples and the wait in the queue. ``rate`` is in
    tokens a second of all processes, where it was measured, everything included; else it
    follows from the sizes of model and device."""
    forward = 1 / (3 if recomputes(model) else 2)
    texts = 2 if spec.objective.kind in PREFERENCES else 1
    cost = work(spec.objective.kind) / texts
    processes = spec.compute.processes
    # Cards read side by side; processes without one take turns on the same cores.
    devices = processes if device.kind == "cuda" else 1
    each = 1 / rate if rate else cost / (tokens_a_second(model, device) * devices)
    rows = rows_of(spec, dataset)
    steps, passage = steps_of(spec, rows), dataset.tokens / max(1, rows)
    learning = steps * examples_a_step(spec) * passage * texts * each
    measures = 1 + steps / spec.evaluate_every
    held_out = min(dataset.validation, spec.held_out_passages)
    measured = dataset.tokens / max(1, dataset.train) * texts
    # Each process measures all of it.
    return learning + measures * processes * held_out * measured * each * forward


WATTS = {"cpu": 15.0, "cuda": 300.0}
"""Drawn where the device does not say: by a core at work, by a card."""
REST = 60.0
"""Drawn by the rest of the machine."""


def kilowatt_hours(seconds: float, device: DeviceFacts, processes: int = 1) -> float:
    """Electricity of so long a training, the device, or a card for each process, at its limit
    the whole time."""
    if device.kind == "cpu":
        drawn = device.watts or WATTS["cpu"] * device.cores
    else:
        drawn = (device.watts or WATTS["cuda"]) * processes
    return seconds * (drawn + REST) / 3.6e6
