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

ALL = "all-linear"
TABLES = ("lm_head", "embed_tokens")
NOT_FOUND = ("target modules", "no modules were targeted", "target module")
"""What peft says when nothing in the model that can learn has the names it was given."""
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
    """Put the matrices of ``lora`` into ``base``.

    Raises:
        StudioError: the model has no modules or blocks of the names asked for, the first or the
            last layer is to get matrices, or PiSSA is to begin at compressed weights.
    """
    from peft import LoraConfig, get_peft_model

    _refuse_tables(lora)
    if lora.start == "pissa" and getattr(base, "is_quantized", False):
        raise StudioError(
            _("PiSSA cannot begin at a compressed model."),
            _("It starts from the principal parts of the weights, which compression has changed."),
            _("Teach the whole model (no compression), or let the adapter start at zero."),
        )
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=_targets(base, lora),
        rank_pattern=dict(lora.rank_pattern),
        alpha_pattern=dict(lora.alpha_pattern),
        layers_to_transform=list(lora.layers) or None,
        modules_to_save=list(lora.modules_to_save) or None,
        use_rslora=lora.rslora,
        use_dora=lora.dora,
        init_lora_weights="pissa" if lora.start == "pissa" else True,
        bias="none",
        task_type="CAUSAL_LM",
    )
    try:
        model = get_peft_model(base, config)
    except ValueError as error:
        if not any(sign in str(error).lower() for sign in NOT_FOUND):
            raise
        raise StudioError(
            _("The adapter does not fit this model."),
            _("The model has no parts named {names}.").format(names=_named(lora)),
            _("Set the target modules to all-linear, which fits every supported model."),
        ) from error
    # Whoever loads the adapter must not take the principal parts out of the base once more.
    model.peft_config["default"].init_lora_weights = True
    model.base_was_changed = lora.start == "pissa"
    return model


def tables_of(lora: LoraSpec) -> list[str]:
    """The first and the last layer where they are to get matrices: no GGUF adapter holds these."""
    names = [name.strip() for name in lora.target_modules.split(",")]
    return [name for name in names if name.rpartition(".")[2] in TABLES]


def _refuse_tables(lora: LoraSpec) -> None:
    if tables := tables_of(lora):
        raise StudioError(
            _("The voice could not be taken to the desk."),
            _("A GGUF adapter cannot hold {names}.").format(names=", ".join(tables)),
            _("Set the target modules to all-linear, which fits every supported model."),
        )


def changes_base(model: Any) -> bool:
    """Whether the base under the adapter is not the one that was loaded (PiSSA)."""
    return bool(model.base_was_changed)


def quickened(trainer: Any, lora: LoraSpec) -> Any:
    """With LoRA+, the trainer's optimiser gives the B matrices a rate of their own."""
    from peft.optimizers import create_loraplus_optimizer

    ratio = lora.plus_ratio
    if ratio is None:
        return trainer

    def create(model: Any = None) -> Any:
        if trainer.optimizer is None:
            kind, options = trainer.get_optimizer_cls_and_kwargs(trainer.args, trainer.model)
            trainer.optimizer = create_loraplus_optimizer(
                model or trainer.model,
                kind,
                loraplus_lr_ratio=ratio,
                loraplus_weight_decay=trainer.args.weight_decay,
                **options,
            )
        return trainer.optimizer

    trainer.create_optimizer = create
    return trainer


def _targets(base: Any, lora: LoraSpec) -> str | list[str]:
    if lora.target_modules != ALL:
        return [name.strip() for name in lora.target_modules.split(",") if name.strip()]
    return _linear(base) if lora.layers else ALL


def _linear(base: Any) -> list[str]:
    """The last names of all linear layers but the output layer: what peft takes all-linear for,
    spelled out, as it takes no choice of blocks beside the short word."""
    import torch

    head = base.get_output_embeddings()
    found = {
        name.rpartition(".")[2]
        for name, module in base.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not head
    }
    return sorted(found)


def _named(lora: LoraSpec) -> str:
    if not lora.layers:
        return lora.target_modules
    return _("{names} in the blocks {blocks}").format(
        names=lora.target_modules, blocks=", ".join(map(str, lora.layers))
    )


def accelerator_name(device: str) -> str:
    """What a writer calls the device."""
    import torch

    return torch.cuda.get_device_name(0) if device == "cuda" else _("processor")
