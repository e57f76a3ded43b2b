"""The base model with fresh LoRA matrices in it, ready to learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.domain.learning import LoraSpec
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.models.loading import load_model

LARGE = 400_000_000
"""Parameters above which activations are computed twice to save memory."""


def recomputes(facts: ModelFacts) -> bool:
    """Whether training saves memory by computing activations again (gradient checkpointing)."""
    return facts.parameters > LARGE


def build(
    folder: Path, spec: TrainSpec, device: str, dtype: Any = None, attention: str | None = None
) -> Any:
    """The model of ``folder`` with an untrained adapter, which does not change its output yet."""
    from transformers import set_seed

    base = load_model(folder, spec.quantisation, device, dtype, attention)
    set_seed(spec.seed)
    return with_adapter(base, spec.lora)


def with_adapter(base: Any, lora: LoraSpec) -> Any:
    """Put LoRA matrices of ``lora.rank`` into ``base``.

    Raises:
        StudioError: the model has no modules of the names asked for.
    """
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=_targets(lora.target_modules),
        bias="none",
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(base, config)
    except ValueError as error:
        if "target modules" not in str(error).lower():
            raise
        raise StudioError(
            _("The adapter does not fit this model."),
            _("The model has no parts named {names}.").format(names=lora.target_modules),
            _("Set the target modules to all-linear, which fits every supported model."),
        ) from error


def _targets(names: str) -> str | list[str]:
    return names if names == "all-linear" else [n.strip() for n in names.split(",") if n.strip()]


def accelerator_name(device: str) -> str:
    """What a writer calls the device."""
    import torch

    return torch.cuda.get_device_name(0) if device == "cuda" else _("processor")
