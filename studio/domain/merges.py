"""What is made of voices, and measured of one, without teaching any."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from studio.domain.base import ArtifactRef, Language, Model, Spec
from studio.domain.naming import Name

MOST_PARTS = 6
"""Voices of one merge."""


class MergePart(Spec):
    """One voice of a merge. ``dataset`` is what it was taught with, where that is known: how
    much of the voice is left is measured on what it never read."""

    adapter: ArtifactRef
    name: str
    weight: float = Field(1.0, gt=0, le=2)
    dataset: ArtifactRef | None = None


class MergeSpec(Spec):
    """Mix adapters of one base model. Its result has ``adapter``, or ``model`` where they go into
    the base model, an artifact id; ``lost``, the share of the exact sum that the method leaves
    out; and ``kept``, how well each voice's held-out pages are foretold."""

    kind: Literal["merge"] = "merge"
    name: Name
    model: Model = Model()
    parts: tuple[MergePart, ...] = Field(min_length=1, max_length=MOST_PARTS)
    method: Literal["cat", "svd", "linear", "ties", "dare_linear", "dare_ties"] = "cat"
    rank: int | None = Field(None, ge=1, le=512)
    """Of the result of svd, ties and dare; None: the largest of the parts."""
    density: float = Field(0.5, gt=0, le=1)
    """Share of the changes that ties and dare keep of each part."""
    seed: int = 20
    """Of the dice that dare throws."""
    into: Literal["adapter", "model"] = "adapter"
    language: Language = "en"
    measure: bool = True
    """Whether ``kept`` is measured, which takes reading held-out pages several times."""

    @property
    def loads_model(self) -> bool:
        """Whether the base model has to be in memory for it."""
        return self.into == "model" or self.measures

    @property
    def measures(self) -> bool:
        return self.measure and any(part.dataset for part in self.parts)

    @property
    def small(self) -> bool:
        """Whether nothing larger than the adapters is worked with."""
        return not self.loads_model and self.method in ("cat", "svd", "linear")


class MeasureSpec(Spec):
    """Measure what a voice gained, on the held-out passages of a dataset. Its result has
    ``nll_before`` (of the base model) and ``nll_after``, in nats a character, and
    ``passages``."""

    kind: Literal["measure"] = "measure"
    model: Model = Model()
    adapter: ArtifactRef
    dataset: ArtifactRef
