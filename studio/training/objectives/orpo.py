"""ORPO: learn the chosen text and, in the same step, to prefer it to the rejected one."""

from __future__ import annotations

from studio.domain.learning import OrpoSpec
from studio.training import trainers
from studio.training.objective import Objective

plugin = Objective(
    "orpo",
    "Write like the author, not like the model (ORPO)",
    OrpoSpec,
    "pairs",
    trainers.orpo,
)
