"""Three ways to teach a voice, by the time a writer wants to give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from studio.domain.facts import DatasetFacts, DeviceFacts
from studio.domain.learning import PREFERENCES, LoraSpec
from studio.domain.models import ModelFacts
from studio.training.pace import tokens_a_second, work

LARGE_MODEL = 1_500_000_000
"""Parameters above which a GPU's memory is spared by compressing the base to four bits."""

PREFERENCE_SHARE = 0.1
"""Of the usual rate: preference objectives push harder on each token (Hong et al. 2024, "ORPO",
trains at 5e-6 to 8e-6 where fine-tuning the same models takes 1e-5 to 1e-4)."""
REJECTED_LONGER = 1.25
"""How much longer than the chosen text of a pair the rejected one may be."""
USUAL = {"preference": "orpo", "rated": "kto", "text": "pretrain"}
"""The objective for each form of examples; for any other, the next passage is learned."""


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


def learning_rate(model: ModelFacts, objective: str = "sft") -> float:
    """2e-4 for a model of seven billion parameters, ten times that for the starter; less where
    one text is held against another."""
    share = PREFERENCE_SHARE if objective in PREFERENCES else 1.0
    rate = 2e-4 * (7e9 / model.parameters) ** (1 / 3)
    return float(f"{share * min(3e-3, max(1e-4, rate)):.1e}")


def _fields(
    name: str, dataset: DatasetFacts, model: ModelFacts, device: DeviceFacts
) -> dict[str, Any]:
    preset = PRESETS[name]
    objective = USUAL.get(dataset.form, "sft")
    longest = dataset.longest * (REJECTED_LONGER if dataset.form == "preference" else 1)
    max_length = min(model.context_length, max(64, 64 * math.ceil(longest / 64)))
    batch, accumulation = _batch(preset, dataset, model, device, max_length)
    in_a_pass = max(1, math.ceil(math.ceil(dataset.train / batch) / accumulation))
    rate = tokens_a_second(model, device) / work(objective)
    steps = _steps(preset, dataset, rate, in_a_pass)
    every = max(1, math.ceil(steps / preset.measures))
    rank = max(1, min(preset.rank, model.hidden_size // 8))
    compressed = device.kind == "cuda" and model.parameters > LARGE_MODEL
    # Dropout would move the texts of a pair apart by chance.
    still = name == "taste" or objective in PREFERENCES
    return {
        "preset": name,
        "objective": objective,
        "lora": LoraSpec(rank=rank, alpha=2 * rank, dropout=0.0 if still else 0.05),
        "quantisation": "nf4" if compressed else "none",
        "learning_rate": learning_rate(model, objective),
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
    texts = 2 if dataset.form == "preference" else 1
    room = preset.together // (texts * max_length)
    together = max(1, min(room, dataset.train // preset.in_a_pass))
    if model.parameters > LARGE_MODEL or (device.kind == "cpu" and model.parameters > 2e8):
        return 1, together
    return together, 1
