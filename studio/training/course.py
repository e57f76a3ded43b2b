"""What a training has come to know of itself; it travels inside every checkpoint."""

from __future__ import annotations

from statistics import median

from pydantic import BaseModel, ConfigDict

from studio.training.likelihood import Likelihood
from studio.training.origin import Origin

WINDOW = 7
"""Losses whose median is looked at, so that a single hard passage is no alarm."""


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
    """Median of the first WINDOW losses ..."""
    lowest_loss: float | None = None
    """... and the lowest such median since."""

    def learn(self, loss: float, keep: int = 10) -> None:
        self.losses = [*self.losses, loss][-keep:]
        if (recent := self.recent) is None:
            return
        self.first_loss = recent if self.first_loss is None else self.first_loss
        self.lowest_loss = min(recent, self.lowest_loss or recent)

    @property
    def recent(self) -> float | None:
        """Median of the last WINDOW losses; None before there are as many."""
        return median(self.losses[-WINDOW:]) if len(self.losses) >= WINDOW else None

    @property
    def most(self) -> float | None:
        """The loss above which a training has gone astray: twice what it began with, or three
        times the lowest it came to if that is more than it began with.

        Both are shares of the run's own losses, as objectives measure on different scales. That
        a spike is best cured from a checkpoint before it: Chowdhery et al. 2022 (PaLM), 5.1.
        """
        if not self.first_loss or not self.lowest_loss or self.first_loss <= 0:
            return None
        return min(2 * self.first_loss, max(self.first_loss, 3 * self.lowest_loss))

    @property
    def astray(self) -> bool:
        return self.most is not None and self.recent is not None and self.recent > self.most

    @property
    def loss(self) -> float:
        return sum(self.losses) / max(1, len(self.losses))

    def judge(self, step: int, found: Likelihood) -> bool:
        """Take in a measure made after ``step``; True when it is the best so far."""
        self.measured_at = step
        better = self.best is None or found.nll < self.best.nll
        self.unimproved = 0 if better else self.unimproved + 1
        if better:
            self.best, self.best_step = found, step
        return better
