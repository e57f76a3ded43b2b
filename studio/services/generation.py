"""Datasets that a model writes for: what they will cost, and starting those made up of topics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from studio.datasets import estimate as reckoning
from studio.datasets.estimate import Estimate
from studio.domain.base import Language
from studio.domain.recipes import BuilderSpec
from studio.plugins import discover
from studio.services import manuscripts
from studio.settings import settings


def estimate(builder: BuilderSpec, manuscript_ids: Sequence[str] = ()) -> Estimate:
    """What the builder's writer will be asked for, before it is.

    Raises:
        StudioError: a manuscript is not there, its text may not leave this machine, or the
            writer's cap is too low for what is to be made.
    """
    characters: Counter[Language] = Counter()
    for record in map(manuscripts.get, manuscript_ids):
        characters[record.language] += record.characters
    check(builder)
    found = reckoning.estimate(builder, characters)
    reckoning.check_cap(builder, found.requests)
    return found


def has_key(address: str) -> bool:
    """Whether this machine has a key for the host of an address."""
    return settings().key_for(address) is not None


def check(builder: BuilderSpec) -> None:
    """Raises StudioError for options that do not fit together, or text that may not leave."""
    discover("studio.datasets.builders")[builder.kind].check(builder)
