"""What decides how much memory a training takes, besides the model's shape."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from studio.domain.learning import PREFERENCES
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.models.shape import shape_of_facts
from studio.preflight.adapters import Adapter, adapter_parameters, whole_parameters
from studio.training.computing import LOSSES, recomputing
from studio.training.likelihood import LOGITS_AT_ONCE

Kind = Literal["cpu", "cuda"]
WIDTHS = {"bf16": 2, "fp16": 2, "fp32": 4}
WHOLE_LOGITS = {kind for kind, ways in LOSSES.items() if "chunked" not in ways}
"""Objectives whose trl trainers hold all logits at once (trl 1.16) and know no other way; the
others' loss works in pieces (trl.kernels.chunked_logprob)."""
FREE_LOSS = {kind for kind, ways in LOSSES.items() if len(ways) > 1}
"""Objectives whose loss a training may choose the kernel of; Liger's is refused by DPO and KTO."""


class Setup(BaseModel):
    """``tokens`` is the longest passage; ``batch`` passages (or pairs) are read at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "cuda"
    batch: int = Field(1, ge=1)
    tokens: int = Field(1024, ge=1)
    quantisation: Literal["none", "nf4", "int8"] = "none"
    adapter: Adapter = Adapter()
    paired: bool = False
    """Each example is two texts. The reference of DPO and KTO is the same model with its adapter
    switched off: it takes no weights of its own."""
    loss: Literal["plain", "chunked", "liger"] = "chunked"
    attention: Literal["fused", "eager"] = "fused"
    """Fused: FlashAttention or torch's own (SDPA), which never hold all scores."""
    checkpointing: bool = True
    optimiser: Literal["adamw", "adamw-8bit", "paged-adamw-8bit"] = "adamw"
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    whole_adapter: bool = True
    """The adapter is kept in float32 (peft's way), not in bfloat16 (trl's way with NF4, int8)."""
    whole_tables: bool = False
    """Embedding and output layer in float32: peft's ``prepare_model_for_kbit_training``."""
    measured_logits: int = Field(0, ge=0)
    """Logits that measuring on held-out text holds at once."""
    processes: int = Field(1, ge=1)
    sharding: Literal["ddp", "fsdp"] = "ddp"
    """With several processes: all of the model in each, or a share of its layers."""

    @property
    def width(self) -> int:
        """Bytes of a number that is computed with; left to the device, bfloat16 on a GPU and
        float32 on a processor."""
        return WIDTHS.get(self.precision, 2 if self.kind == "cuda" else 4)

    @property
    def shares(self) -> int:
        """Processes among which the model's layers are divided."""
        return self.processes if self.sharding == "fsdp" else 1

    @property
    def rows(self) -> int:
        """Tokens that are in memory together, padding included."""
        return self.batch * self.tokens * (2 if self.paired else 1)

    @property
    def adapter_width(self) -> int:
        return 4 if self.whole_adapter else 2


def setup_of(
    spec: TrainSpec, model: ModelFacts, kind: Kind, longest: int, held_out: int | None = None
) -> Setup:
    """How the studio itself would run ``spec`` on passages of at most ``longest`` tokens, and
    measure on ``held_out`` passages (None: as many as the spec allows). Packed rows are full."""
    passage = min(longest, spec.max_length)
    compute, one = spec.compute, passage * model.vocabulary
    measured = min(spec.held_out_passages, held_out or spec.held_out_passages)
    return Setup(
        kind=kind,
        batch=spec.batch_size,
        tokens=spec.max_length if spec.packing else passage,
        quantisation=spec.quantisation,
        adapter=adapter_of(spec),
        paired=spec.objective.kind in PREFERENCES,
        loss=_loss(spec),
        attention=_attention(spec, model),
        checkpointing=recomputing(compute, model),
        optimiser=compute.optimiser,
        precision=compute.precision,
        processes=compute.processes,
        sharding=compute.sharding,
        whole_adapter=spec.quantisation == "none" or spec.objective.kind in WHOLE_LOGITS,
        measured_logits=min(LOGITS_AT_ONCE, measured * one),
    )


def _loss(spec: TrainSpec) -> Literal["plain", "chunked", "liger"]:
    asked, possible = spec.compute.loss, LOSSES[spec.objective.kind]
    return possible[0] if asked == "auto" or asked not in possible else asked


def _attention(spec: TrainSpec, model: ModelFacts) -> Literal["fused", "eager"]:
    """Left to itself, transformers computes scores that are bounded (Gemma 2) whole."""
    asked = spec.compute.attention
    if asked == "auto":
        return "eager" if model.model_type == "gemma2" else "fused"
    return "eager" if asked == "eager" else "fused"


def adapter_of(spec: TrainSpec) -> Adapter:
    lora = spec.lora
    return Adapter(
        rank=lora.rank,
        targets=lora.target_modules,
        rank_pattern=lora.rank_pattern,
        layers=lora.layers,
        whole=lora.modules_to_save,
        dora=lora.dora,
        dropout=lora.dropout,
    )


def trained_numbers(spec: TrainSpec, model: ModelFacts) -> int:
    """Numbers the adapter of ``spec`` learns, modules that are kept whole included; 0 where it
    is not known how the model is built."""
    try:
        shape, adapter = shape_of_facts(model), adapter_of(spec)
        return adapter_parameters(shape, adapter) + whole_parameters(shape, adapter)
    except StudioError:
        return 0
