"""How fast a device trains a model, from their sizes."""

from __future__ import annotations

from studio.domain.facts import DeviceFacts
from studio.domain.models import ModelFacts
from studio.training.model import recomputes

CORE_FLOPS = 14e9
"""What a processor core gets through in float32, measured on the starter model."""
GPU_FLOPS = 60e12
"""What a present graphics card gets through in bfloat16."""

WORK = {"orpo": 2.0, "cpo": 2.0, "simpo": 2.0, "dpo": 8 / 3, "kto": 4.0}
"""Of a pair, against a single text: both are learned, the reference of DPO and KTO reads them
once more (a third of the work of learning), and KTO reads mismatched texts, twice."""


def work(objective: str) -> float:
    """What a passage costs to learn, where supervised fine-tuning is 1."""
    return WORK.get(objective, 1.0)


def tokens_a_second(model: ModelFacts, device: DeviceFacts) -> float:
    """Training tokens a second: forward and backward through frozen weights cost four
    operations a parameter, and two more where activations are computed again."""
    operations = (6 if recomputes(model) else 4) * model.parameters
    power = GPU_FLOPS if device.kind == "cuda" else CORE_FLOPS * device.cores
    return power / operations
