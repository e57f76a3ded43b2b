"""What decides how much memory a training takes, besides the model's shape."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from studio.domain.learning import PREFERENCES
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.models.shape import shape_of_facts
from studio.preflight.adapters import Adapter, adapter_parameters
from studio.training.likelihood import LOGITS_AT_ONCE
from studio.training.model import recomputes

Kind = Literal["cpu", "cuda"]
WHOLE_LOGITS = {"orpo", "cpo", "simpo"}
"""Objectives whose trl trainers hold all logits at once (trl 1.16); the others' loss works in
pieces (trl.kernels.chunked_logprob)."""


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
    optimiser: Literal["adamw", "adamw-8bit"] = "adamw"
    whole_adapter: bool = True
    """The adapter is kept in float32 (peft's way), not in bfloat16 (trl's way with NF4, int8)."""
    whole_tables: bool = False
    """Embedding and output layer in float32: peft's ``prepare_model_for_kbit_training``."""
    measured_logits: int = Field(0, ge=0)
    """Logits that measuring on held-out text holds at once."""

    @property
    def width(self) -> int:
        """Bytes of a number that is computed with: bfloat16 on a GPU, float32 on a processor."""
        return 2 if self.kind == "cuda" else 4

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
    measure on ``held_out`` passages (None: as many as the spec allows)."""
    tokens = min(longest, spec.max_length)
    one = tokens * model.vocabulary
    measured = min(spec.held_out_passages, held_out or spec.held_out_passages)
    return Setup(
        kind=kind,
        batch=spec.batch_size,
        tokens=tokens,
        quantisation=spec.quantisation,
        adapter=adapter_of(spec),
        paired=spec.objective.kind in PREFERENCES,
        loss="plain" if spec.objective.kind in WHOLE_LOGITS else "chunked",
        attention="eager" if model.model_type == "gemma2" else "fused",
        checkpointing=recomputes(model),
        whole_adapter=spec.quantisation == "none" or spec.objective.kind in WHOLE_LOGITS,
        measured_logits=max(one, min(LOGITS_AT_ONCE, measured * one)),
    )


def adapter_of(spec: TrainSpec) -> Adapter:
    lora = spec.lora
    return Adapter(
        rank=lora.rank,
        targets=lora.target_modules,
        rank_pattern=lora.rank_pattern,
        layers=lora.layers,
        saved=lora.modules_to_save,
        dora=lora.dora,
        dropout=lora.dropout,
    )


def trained_numbers(spec: TrainSpec, model: ModelFacts) -> int:
    """Numbers the adapter of ``spec`` learns; 0 where it is not known how the model is built."""
    try:
        return adapter_parameters(shape_of_facts(model), adapter_of(spec))
    except StudioError:
        return 0
