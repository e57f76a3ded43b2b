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
        place[last] = value if path else _combined(place[last], value)
    return TrainSpec.model_validate(values)


def _combined(now: Any, value: Any) -> Any:
    """A part of a spec with some of its fields set; another kind of it replaces it."""
    if isinstance(now, dict) and isinstance(value, str):
        value = {"kind": value}
    if not (isinstance(now, dict) and isinstance(value, dict)):
        return value
    same = value.get("kind", now.get("kind")) == now.get("kind")
    return {**now, **value} if same else value


def applied(spec: TrainSpec, remedy: Remedy) -> TrainSpec:
    """The spec after a remedy; one that is advice only leaves it as it is."""
    return changed(spec, remedy.changes)
