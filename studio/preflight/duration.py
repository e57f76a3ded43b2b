"""How long a training takes, reckoned before it starts. An estimate, and said to be one."""

from __future__ import annotations

from studio.domain.facts import DatasetFacts, DeviceFacts
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.training.arguments import steps_of
from studio.training.pace import tokens_a_second, work


def seconds(
    spec: TrainSpec, model: ModelFacts, dataset: DatasetFacts, device: DeviceFacts
) -> float:
    """Steps, measuring and samples together, without the wait in the queue."""
    rate = tokens_a_second(model, device)
    steps = steps_of(spec, dataset.train)
    passage = dataset.tokens / max(1, dataset.train)
    cost = work(spec.objective.kind)
    learning = steps * spec.batch_size * spec.accumulation * passage * cost / rate
    measures = 1 + steps / spec.evaluate_every
    held_out = min(dataset.validation, spec.held_out_passages)
    # Measuring goes forward only, a third of the work of a step.
    texts = 2 if dataset.form == "preference" and cost > 1 else 1
    measuring = measures * held_out * texts * passage / rate / 3
    return learning + measuring


WATTS = {"cpu": 15.0, "cuda": 300.0}
"""Drawn where the device does not say: by a core at work, by a card."""
REST = 60.0
"""Drawn by the rest of the machine."""


def kilowatt_hours(seconds: float, device: DeviceFacts) -> float:
    """Electricity of so long a training, the device at its limit the whole time."""
    each = WATTS[device.kind] * (device.cores if device.kind == "cpu" else 1)
    return seconds * ((device.watts or each) + REST) / 3.6e6
