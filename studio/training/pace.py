"""How fast a device trains a model, from their sizes."""

from __future__ import annotations

from studio.domain.facts import DeviceFacts
from studio.domain.models import ModelFacts
from studio.training.model import recomputes

CORE_FLOPS = 14e9
"""What a processor core gets through in float32, measured on the starter model."""
GPU_FLOPS = 60e12
"""What a present graphics card gets through in bfloat16."""


def tokens_a_second(model: ModelFacts, device: DeviceFacts) -> float:
    """Training tokens a second: forward and backward through frozen weights cost four
    operations a parameter, and two more where activations are computed again."""
    operations = (6 if recomputes(model) else 4) * model.parameters
    power = GPU_FLOPS if device.kind == "cuda" else CORE_FLOPS * device.cores
    return power / operations
