"""The settings of a spec one by one, however deep they lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def fields(kind: type[BaseModel]) -> dict[str, FieldInfo]:
    """Every setting by its name, one within another as ``lora.rank``. Where a part has several
    forms, as an objective, the settings of all of them."""
    return dict(_fields(kind))


def _fields(kind: type[BaseModel], before: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in kind.model_fields.items():
        parts = [part for part in (field.annotation, *get_args(field.annotation)) if _is_spec(part)]
        if not parts:
            yield before + name, field
        for part in parts:
            yield from _fields(part, f"{before}{name}.")


def _is_spec(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def flat(values: Mapping[str, Any], known: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """The values of a dumped spec by the names that ``known`` has."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        path = before + name
        if path not in known and isinstance(value, Mapping):
            found |= flat(value, known, f"{path}.")
        else:
            found[path] = value
    return found
