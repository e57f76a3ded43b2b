"""DPO: prefer the chosen text, held close to the base model."""

from __future__ import annotations

from studio.domain.learning import DpoSpec
from studio.training import trainers
from studio.training.objective import Objective

plugin = Objective(
    "dpo",
    "Prefer the author, held close to the base model (DPO)",
    DpoSpec,
    "pairs",
    trainers.dpo,
)
