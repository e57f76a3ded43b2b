"""What a training has come to know of itself; it travels inside every checkpoint."""

from __future__ import annotations

import math
from statistics import median

from pydantic import BaseModel, ConfigDict

from studio.training.likelihood import Likelihood
from studio.training.origin import Origin

FIRST, WINDOW = 3, 7
"""Losses whose median is looked at, so that a single hard passage is no alarm."""
ASTRAY = 1.5


class Course(BaseModel):
    """``best`` is the held-out measure of the adapter that will be kept, from ``best_step``."""

    model_config = ConfigDict(extra="forbid")

    before: Likelihood
    origin: Origin | None = None
    step: int = 0
    """Steps that are done ..."""
    read: int = 0
    """... and passages that were read in them: the place in the data."""
    best: Likelihood | None = None
    best_step: int = 0
    measured_at: int = 0
    unimproved: int = 0
    """Measures in a row that were not better than the best one."""
    tokens: int = 0
    seconds: float = 0.0
    losses: list[float] = []
    """Training losses of the last few steps."""
    first_loss: float | None = None
    """Median of the first losses, before anything could go wrong."""

    def learn(self, loss: float, keep: int = 10) -> None:
        self.losses = [*self.losses, loss][-keep:]
        if self.first_loss is None and len(self.losses) == FIRST:
            self.first_loss = median(self.losses)

    @property
    def recent(self) -> float:
        """Median of the last WINDOW losses."""
        return median(self.losses[-WINDOW:])

    @property
    def most(self) -> float:
        """The loss above which a training has gone astray: half as much again as it began with.

        A share of the run's own first losses, as objectives measure on different scales. That a
        spike is best cured from a checkpoint before it: Chowdhery et al. 2022 (PaLM), 5.1.
        """
        return ASTRAY * self.first_loss if self.first_loss and self.first_loss > 0 else math.inf

    @property
    def astray(self) -> bool:
        return len(self.losses) >= WINDOW and self.recent > self.most

    @property
    def loss(self) -> float:
        return sum(self.losses) / max(1, len(self.losses))

    def judge(self, step: int, found: Likelihood) -> bool:
        """Take in a measure made after ``step``; True when it is the best so far."""
        self.measured_at = step
        better = self.best is None or found.cost < self.best.cost
        self.unimproved = 0 if better else self.unimproved + 1
        if better:
            self.best, self.best_step = found, step
        return better
