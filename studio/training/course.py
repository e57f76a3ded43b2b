"""What a training has come to know of itself; it travels inside every checkpoint."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from studio.training.likelihood import Likelihood


class Course(BaseModel):
    """``best`` is the held-out measure of the adapter that will be kept, from ``best_step``."""

    model_config = ConfigDict(extra="forbid")

    before: Likelihood
    best: Likelihood | None = None
    best_step: int = 0
    measured_at: int = 0
    unimproved: int = 0
    """Measures in a row that were not better than the best one."""
    tokens: int = 0
    seconds: float = 0.0
    losses: list[float] = []
    """Training losses of the last few steps."""

    def learn(self, loss: float, keep: int = 10) -> None:
        self.losses = [*self.losses, loss][-keep:]

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
