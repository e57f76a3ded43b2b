"""The first examples that a recipe would give, before a dataset is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from studio.datasets.example import Draft, Example
from studio.datasets.splits import Section, split
from studio.datasets.workshop import Workshop
from studio.domain.events import Body
from studio.domain.manuscripts import Manuscript
from studio.domain.recipes import (
    ContinuationSpec,
    InstructionSpec,
    PreferenceSpec,
    PrepareSpec,
    SyntheticSpec,
)


class _Glance:
    """A reading room of which a preview needs the artifacts alone."""

    def __init__(self, fetch: Callable[[str], Path]) -> None:
        self._fetch = fetch

    def fetch(self, artifact: str) -> Path:
        return self._fetch(artifact)

    def emit(self, body: Body) -> None:
        """Nobody follows a preview."""

    def stopped(self) -> bool:
        return False


def preview(
    spec: PrepareSpec,
    manuscripts: list[Manuscript],
    drafts: list[Draft],
    fetch: Callable[[str], Path],
    count: int,
) -> list[Example]:
    """At most ``count`` examples: of the first chapters, and of ``drafts`` made of rows.

    Nobody is asked: where a model would write, its part is left out.

    Raises:
        StudioError: the recipe's builder or formatter refuses it.
    """
    if isinstance(spec.builder, SyntheticSpec):
        return []
    workshop = Workshop(_unasked(spec), _Glance(fetch), manuscripts)
    found = [("r", draft, "") for draft in drafts[:count]]
    learned = split(manuscripts, spec.validation_share, spec.hold_back).train
    for section in learned:
        if len(found) >= count:
            break
        found += [(str(len(found)), d, section.title) for d in workshop.drafts(_short(section))]
    return workshop.finished(found[:count])


def _short(section: Section) -> Section:
    """Enough of a chapter for a few passages, so that a long one takes no longer."""
    return section._replace(text=section.text[:60_000])


def _unasked(spec: PrepareSpec) -> PrepareSpec:
    builder = spec.builder
    if isinstance(builder, InstructionSpec):
        builder = builder.model_copy(update={"writer": None})
    elif isinstance(builder, PreferenceSpec):
        builder = ContinuationSpec(
            passage_tokens=builder.passage_tokens, context_tokens=builder.context_tokens
        )
    return spec.model_copy(update={"builder": builder})
