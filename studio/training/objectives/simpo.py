"""SimPO: prefer the chosen text by a margin, whatever the lengths of the two."""

from __future__ import annotations

from studio.domain.learning import SimpoSpec
from studio.training import trainers
from studio.training.objective import Objective

plugin = Objective(
    "simpo",
    "Prefer the author by a clear margin (SimPO)",
    SimpoSpec,
    "pairs",
    trainers.simpo,
)
