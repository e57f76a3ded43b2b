"""How far llama.cpp's logits with an adapter are from the trained model's, and what is allowed.

What counts is the adapter's own contribution: what it adds to the base model's logits in llama.cpp
against what it adds in torch. The error of the base model's rounding is in both terms of the
difference and falls away; what is left of it is allowed for by what the base model alone shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from studio.conversion.quantisation import QUANTISATIONS
from studio.inference.gguf import Head

AUDIBLE = 4.0
"""How many times the base's noise an adapter's change must be to be judged by it."""
LOUD = 0.3
"""Share of the logits' own spread up to which a change grows as the strength does."""


def precision(head: Head) -> str:
    """Our name for how a base model's file keeps its weights; empty where it is another's."""
    number = head.facts.get("general.file_type")
    return next((q.name for q in QUANTISATIONS.values() if q.ftype == number), "")


@dataclass
class Sums:
    """Squares and products of centred logits, in 64 bits, over all positions so far."""

    values: dict[str, float] = field(default_factory=dict)

    def add(self, **found: float) -> None:
        for name, value in found.items():
            self.values[name] = self.values.get(name, 0.0) + value

    def root(self, name: str) -> float:
        return math.sqrt(self.values.get(name, 0.0))

    def ratio(self, above: str, below: str) -> float:
        """Of two roots; 0 where there is nothing below."""
        return self.root(above) / self.root(below) if self.root(below) else 0.0


@dataclass
class Agreement:
    """What was found over all positions so far.

    ``heard`` is about the adapter at the strength at which it is judged, ``base`` about the model
    without it; ``positions``, ``same`` and ``difference`` are of the adapter as it is.
    """

    positions: int = 0
    same: int = 0
    difference: float = 0.0
    finite: bool = True
    strength: float = 1.0
    heard: Sums = field(default_factory=Sums)
    base: Sums = field(default_factory=Sums)

    def add(self, ours: Any, theirs: Any) -> None:
        """Compare float arrays [positions, vocabulary] of logits with the adapter as it is."""
        import numpy as np

        self.positions += len(ours)
        self.same += int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
        apart = float(np.abs(ours - theirs).max(initial=0.0))
        self.finite = self.finite and math.isfinite(apart)
        self.difference = max(self.difference, apart)

    def add_base(self, ours: Any, theirs: Any) -> None:
        """Compare the base model alone."""
        self.base.add(whole=_square(theirs), noise=_square(ours - theirs))

    def add_change(self, ours: Any, theirs: Any) -> None:
        """Compare what the adapter adds at ``strength``."""
        self.heard.add(
            whole=_square(theirs),
            shared=_product(ours, theirs),
            remainder=_square(ours - theirs),
        )

    @property
    def share(self) -> float:
        return self.same / self.positions if self.positions else 0.0

    @property
    def noise(self) -> float:
        """‖llama.cpp − torch‖ ÷ ‖torch‖ of the base model alone."""
        return self.base.ratio("noise", "whole")

    @property
    def change(self) -> float:
        """‖with adapter − without‖ ÷ ‖without‖ in torch, at the strength that is judged."""
        whole = self.base.root("whole")
        return self.heard.root("whole") / whole if whole else 0.0

    @property
    def applied(self) -> float:
        """How strongly llama.cpp applies the adapter: 1 is right."""
        whole = self.heard.values.get("whole", 0.0)
        return self.heard.values["shared"] / whole if whole else 1.0

    @property
    def remainder(self) -> float:
        """The part of llama.cpp's change that is not the trained model's, ÷ the latter."""
        return self.heard.ratio("remainder", "whole")

    @property
    def masking(self) -> float:
        """The base's noise ÷ the adapter's change: what judges it is worth as much less."""
        return self.noise / self.change if self.change else math.inf

    def is_finite(self) -> bool:
        sums = (*self.heard.values.values(), *self.base.values.values())
        return self.finite and all(map(math.isfinite, sums))

    def as_dict(self) -> dict[str, Any]:
        """Figures for a report; ``change`` is per unit of strength."""
        return {
            "max_abs_logit_diff": round(self.difference, 6),
            "top1_agreement": round(self.share, 6),
            "positions": self.positions,
            "base_noise": _rounded(self.noise),
            "change": _rounded(self.change / self.strength),
            "judged_at": _rounded(self.strength),
            "applied": _rounded(self.applied),
            "remainder": _rounded(self.remainder),
        }


def next_strength(strength: float, change: float, noise: float) -> float:
    """The strength to judge an adapter at, given what it changes at ``strength`` (``change`` and
    ``noise`` as shares of the base's logits); the same where the change is well heard."""
    least = AUDIBLE * noise
    most = max(1.5 * least, LOUD)
    if change < least:
        return strength * min(100.0, 1.4 * least / change)
    if change > most:
        return strength * max(0.01, 0.7 * most / change)
    return strength


def change_of(taught: Any, without: Any) -> float:
    """‖with − without‖ ÷ ‖without‖ of centred logits."""
    return math.sqrt(_square(taught - without) / (_square(without) or math.inf))


def _square(logits: Any) -> float:
    return _product(logits, logits)


def _product(ours: Any, theirs: Any) -> float:
    """Σ over positions; a constant added to all logits of one changes no word and is left out."""
    import numpy as np

    pairs = zip(ours, theirs, strict=True)  # a position at a time: a vocabulary is large
    wide = ((a.astype(np.float64), b.astype(np.float64)) for a, b in pairs)
    return float(sum(np.dot(a - a.mean(), b - b.mean()) for a, b in wide))


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
