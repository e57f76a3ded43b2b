"""Three ways to teach a voice, by the time a writer wants to give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from studio.domain.facts import DatasetFacts, DeviceFacts
from studio.domain.learning import LoraSpec
from studio.domain.models import ModelFacts
from studio.training.pace import tokens_a_second

LARGE_MODEL = 1_500_000_000
"""Parameters above which a GPU's memory is spared by compressing the base to four bits."""


@dataclass(frozen=True)
class Preset:
    """A budget in seconds of learning on the device; whatever it buys stays within bounds."""

    seconds: float
    passes: float
    """Over the manuscript, at most."""
    least: int
    """Steps in all, however slow the device is."""
    together: int
    """Tokens of an optimiser step, at most; short training takes smaller steps, and more."""
    in_a_pass: int
    """Steps wanted in a pass, so that a short text is learned at all."""
    rank: int
    measures: int
    """Held-out measures, and checkpoints, over the whole training."""
    held_out: int
    """Held-out passages in a measure, at most."""


PRESETS = {
    "taste": Preset(
        40, passes=5, least=24, together=2048, in_a_pass=8, rank=16, measures=5, held_out=16
    ),
    "evening": Preset(
        3 * 3600,
        passes=8,
        least=100,
        together=4096,
        in_a_pass=12,
        rank=32,
        measures=12,
        held_out=64,
    ),
    "weekend": Preset(
        40 * 3600,
        passes=12,
        least=200,
        together=8192,
        in_a_pass=16,
        rank=64,
        measures=24,
        held_out=256,
    ),
}


def presets(
    dataset: DatasetFacts, model: ModelFacts, device: DeviceFacts
) -> dict[str, dict[str, Any]]:
    """The fields of a TrainSpec for each preset, fitted to the dataset, model and device."""
    return {name: _fields(name, dataset, model, device) for name in PRESETS}


def learning_rate(model: ModelFacts) -> float:
    """2e-4 for a model of seven billion parameters, ten times that for the starter."""
    rate = 2e-4 * (7e9 / model.parameters) ** (1 / 3)
    return float(f"{min(3e-3, max(1e-4, rate)):.1e}")


def _fields(
    name: str, dataset: DatasetFacts, model: ModelFacts, device: DeviceFacts
) -> dict[str, Any]:
    preset = PRESETS[name]
    max_length = min(model.context_length, max(64, 64 * math.ceil(dataset.longest / 64)))
    batch, accumulation = _batch(preset, dataset, model, device, max_length)
    in_a_pass = max(1, math.ceil(math.ceil(dataset.train / batch) / accumulation))
    steps = _steps(preset, dataset, tokens_a_second(model, device), in_a_pass)
    every = max(1, math.ceil(steps / preset.measures))
    rank = max(1, min(preset.rank, model.hidden_size // 8))
    compressed = device.kind == "cuda" and model.parameters > LARGE_MODEL
    return {
        "preset": name,
        "lora": LoraSpec(rank=rank, alpha=2 * rank, dropout=0.0 if name == "taste" else 0.05),
        "quantisation": "nf4" if compressed else "none",
        "learning_rate": learning_rate(model),
        "batch_size": batch,
        "accumulation": accumulation,
        "epochs": round(steps / in_a_pass, 6),
        "max_length": max_length,
        "evaluate_every": every,
        "save_every": every,
        "held_out_passages": preset.held_out,
    }


def _steps(preset: Preset, dataset: DatasetFacts, rate: float, in_a_pass: int) -> int:
    affordable = preset.seconds * rate / max(1, dataset.tokens) * in_a_pass
    return max(1, math.floor(min(in_a_pass * preset.passes, max(preset.least, affordable))))


def _batch(
    preset: Preset, dataset: DatasetFacts, model: ModelFacts, device: DeviceFacts, max_length: int
) -> tuple[int, int]:
    """Passages at once and micro-batches a step: small where a manuscript is short."""
    together = max(1, min(preset.together // max_length, dataset.train // preset.in_a_pass))
    if model.parameters > LARGE_MODEL or (device.kind == "cpu" and model.parameters > 2e8):
        return 1, together
    return together, 1
