"""KTO: learn from single texts, each of them wanted or unwanted."""

from __future__ import annotations

from studio.domain.learning import KtoSpec
from studio.training import trainers
from studio.training.objective import Objective

plugin = Objective(
    "kto",
    "Learn from texts wanted and unwanted (KTO)",
    KtoSpec,
    "ratings",
    trainers.kto,
)
