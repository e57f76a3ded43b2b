"""CPO: prefer the chosen text and learn it, without a reference model."""

from __future__ import annotations

from studio.domain.learning import CpoSpec
from studio.training import trainers
from studio.training.objective import Objective

plugin = Objective(
    "cpo",
    "Prefer the author, without a reference model (CPO)",
    CpoSpec,
    "pairs",
    trainers.cpo,
)
