"""Changing a few fields of a spec: what a remedy does when it is chosen."""

from __future__ import annotations

from typing import Any

from studio.domain.findings import Remedy
from studio.domain.specs import TrainSpec


def changed(spec: TrainSpec, changes: dict[str, Any]) -> TrainSpec:
    """The spec with some fields set; a field within a field is named ``lora.rank``.

    Raises:
        pydantic.ValidationError: a value is out of its range.
    """
    values = spec.model_dump()
    for name, value in changes.items():
        *path, last = name.split(".")
        place = values
        for part in path:
            place = place[part]
        if isinstance(place[last], dict) and isinstance(value, dict):
            value = {**place[last], **value}
        place[last] = value
    return TrainSpec.model_validate(values)


def applied(spec: TrainSpec, remedy: Remedy) -> TrainSpec:
    """The spec after a remedy; one that is advice only leaves it as it is."""
    return changed(spec, remedy.changes)
