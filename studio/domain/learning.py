"""How a training learns: its objective, the form of its adapter, its way of computing."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from studio.domain.base import Spec


class SftSpec(Spec):
    """Supervised fine-tuning: the completion of each example. No options."""

    kind: Literal["sft"] = "sft"


class PretrainSpec(Spec):
    """Continued pre-training: every token of raw text. No options."""

    kind: Literal["pretrain"] = "pretrain"


class OrpoSpec(Spec):
    """Odds ratio preference optimisation (Hong et al. 2024)."""

    kind: Literal["orpo"] = "orpo"
    beta: float = Field(0.1, gt=0, le=10)
    """Weight of the odds ratio beside the likelihood of the chosen text."""


class DpoSpec(Spec):
    """Direct preference optimisation (Rafailov et al. 2023)."""

    kind: Literal["dpo"] = "dpo"
    beta: float = Field(0.1, gt=0, le=10)
    """How strongly the voice is held to the base model."""
    loss: Literal["sigmoid", "hinge", "ipo"] = "sigmoid"


class KtoSpec(Spec):
    """Kahneman-Tversky optimisation (Ethayarajh et al. 2024): texts wanted or unwanted."""

    kind: Literal["kto"] = "kto"
    beta: float = Field(0.1, gt=0, le=10)
    desirable_weight: float = Field(1.0, gt=0, le=100)
    undesirable_weight: float = Field(1.0, gt=0, le=100)


class CpoSpec(Spec):
    """Contrastive preference optimisation (Xu et al. 2024)."""

    kind: Literal["cpo"] = "cpo"
    beta: float = Field(0.1, gt=0, le=10)
    loss: Literal["sigmoid", "hinge", "ipo"] = "sigmoid"


class SimpoSpec(Spec):
    """Simple preference optimisation (Meng et al. 2024), without a reference model."""

    kind: Literal["simpo"] = "simpo"
    beta: float = Field(2.0, gt=0, le=20)
    gamma: float = Field(1.0, ge=0, le=20)
    """How much likelier, in nats a token times beta, the chosen text is to be."""


PREFERENCES = ("orpo", "dpo", "kto", "cpo", "simpo")
"""The objectives that hold one text against another."""


def _named(objective: Any) -> Any:
    return {"kind": objective} if isinstance(objective, str) else objective


ObjectiveSpec = Annotated[
    SftSpec | PretrainSpec | OrpoSpec | DpoSpec | KtoSpec | CpoSpec | SimpoSpec,
    Field(discriminator="kind"),
    BeforeValidator(_named),
]
"""By its name alone where the usual options will do."""


class LoraSpec(Spec):
    """The adapter: low-rank matrices beside the linear layers (Hu et al. 2021)."""

    rank: int = Field(16, ge=1, le=512)
    alpha: int = Field(32, ge=1, le=1024)
    dropout: float = Field(0.0, ge=0, lt=1)
    target_modules: str = "all-linear"
    """Ends of module names, separated by commas, or all-linear."""
    rslora: bool = False
    """Scale by alpha over the root of the rank (Kalajdzievski 2023)."""
    dora: bool = False
    """Learn the length of each row apart from its direction (Liu et al. 2024)."""
    start: Literal["zero", "pissa"] = "zero"
    """PiSSA: begin at the principal singular values of the weights (Meng et al. 2024)."""
    plus_ratio: float | None = Field(None, ge=1, le=64)
    """LoRA+: the rate of the B matrices over that of A (Hayou et al. 2024)."""
    rank_pattern: dict[str, int] = Field(default_factory=dict)
    alpha_pattern: dict[str, int] = Field(default_factory=dict)
    """Other ranks and alphas for modules whose path ends so, as in peft."""
    layers: tuple[int, ...] = ()
    """Blocks that get an adapter, counted from 0; all where none is named."""
    modules_to_save: tuple[str, ...] = ()
    """Modules that are trained and kept whole."""

    @property
    def beyond_gguf(self) -> tuple[str, ...]:
        """What of it neither a GGUF adapter nor vLLM can hold, in the field's words."""
        return (("DoRA",) if self.dora else ()) + self.modules_to_save

    @property
    def stored_rank(self) -> int:
        """The largest rank of a module in the adapter that is stored: PiSSA's is twice the one
        that was learned, as it holds its beginning as well."""
        largest = max((self.rank, *self.rank_pattern.values()))
        return largest * 2 if self.start == "pissa" else largest


class Compute(Spec):
    """The way a training is computed. ``auto`` follows the device."""

    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    attention: Literal["auto", "eager", "sdpa", "flash_attention_2", "flash_attention_3"] = "auto"
    loss: Literal["auto", "plain", "chunked", "liger"] = "auto"
    """Where the logits of the loss are: all at once, in pieces, or in Liger's kernel."""
    optimiser: Literal["adamw", "adamw-8bit", "paged-adamw-8bit"] = "adamw"
    checkpointing: Literal["auto", "on", "off"] = "auto"
    """Gradient checkpointing: activations are computed twice instead of kept."""
    compile: bool = False
    """torch.compile: a slow start, faster steps on a GPU."""
    processes: int = Field(1, ge=1, le=64)
    sharding: Literal["ddp", "fsdp"] = "ddp"
    """With several processes: a whole model in each, or a share."""
