"""What it takes to put a voice into its base model for good, reckoned before it is taught."""

from __future__ import annotations

from typing import Any, NamedTuple

from studio.domain.learning import LoraSpec
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.training.capacity import SPARE, WHOLE

TABLES = ("embed_tokens", "lm_head")
"""The first and the last layer, which many models have as one."""
HALF = 2
"""Bytes of a number in the GGUF that Start makes."""


class Standalone(NamedTuple):
    """Bytes: of disk that the model and its GGUF take for good, and at most while they are made;
    of memory while the voice is put into it."""

    kept: int
    most: int
    memory: int


def standalone(spec: TrainSpec, model: ModelFacts) -> Standalone:
    """Of the model that the voice of ``spec`` becomes."""
    divided = model.tied_embeddings and whole_tables(spec)
    numbers = model.parameters + (model.vocabulary * model.hidden_size if divided else 0)
    stored, gguf = numbers * model.bytes // model.parameters, numbers * HALF
    # Each is made in a work folder, and copied from there into the store.
    most = max(2 * stored, stored + 2 * gguf) + SPARE
    return Standalone(stored + gguf, most, numbers * WHOLE + SPARE)


def whole_tables(spec: TrainSpec) -> tuple[str, ...]:
    """Which of them are taught whole."""
    names = spec.lora.modules_to_save
    return tuple(name for name in names if name.rpartition(".")[2] in TABLES)


def plain(lora: LoraSpec) -> dict[str, Any]:
    """The changes after which a GGUF adapter can hold it."""
    changes: dict[str, Any] = {"lora.dora": False} if lora.dora else {}
    return changes | ({"lora.modules_to_save": ()} if lora.modules_to_save else {})
