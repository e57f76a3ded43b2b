"""Supervised fine-tuning: learn to write the author's next passage after what came before."""

from __future__ import annotations

from studio.domain.learning import SftSpec
from studio.training import trainers
from studio.training.objective import Objective

plugin = Objective(
    "sft",
    "Learn the author's next passage (supervised fine-tuning)",
    SftSpec,
    "completions",
    trainers.sft,
)
