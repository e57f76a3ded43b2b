"""Continued pre-training: every token of raw text is learned; long texts are cut, not left out."""

from __future__ import annotations

from studio.domain.learning import PretrainSpec
from studio.training import trainers
from studio.training.objective import Objective

plugin = Objective(
    "pretrain",
    "Soak up raw text (continued pre-training)",
    PretrainSpec,
    "text",
    trainers.sft,
)
