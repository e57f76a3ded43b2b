"""Every setting of a lesson as a widget that fits its kind, in groups."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo
from streamlit.delta_generator import DeltaGenerator

from studio.domain.fields import fields, flat
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.training import reading, values, wording
from studio.training.wording import Words

LIMITS = ("ge", "gt", "le", "lt")


def shown(spec: TrainSpec) -> dict[str, dict[str, Words]]:
    """The settings by group that mean something for this lesson's way of learning."""
    present = flat(spec.model_dump(), fields(TrainSpec))
    return {
        title: {
            field: said
            for field, said in group.items()
            if field in present and spec.objective.kind in wording.ONLY_FOR.get(field, _any(spec))
        }
        for title, group in wording.groups().items()
    }


def _any(spec: TrainSpec) -> tuple[str, ...]:
    return (spec.objective.kind,)


def form(spec: TrainSpec) -> dict[str, Any] | None:
    """All settings, to be changed; those that were when it is sent, by names as ``lora.rank``.

    Raises:
        StudioError: something that was typed cannot be understood or is out of its range.
    """
    kinds, now = fields(TrainSpec), flat(spec.model_dump(mode="json"), fields(TrainSpec))
    given: dict[str, Any] = {}
    with st.form("teach_details", border=False):
        groups = shown(spec)
        for tab, group in zip(st.tabs(list(groups)), groups.values(), strict=True):
            places = tab.columns(2, gap="medium")
            for number, (field, said) in enumerate(group.items()):
                given[field] = widget(places[number % 2], field, kinds[field], said, now[field])
        sent = st.form_submit_button(_("Use these numbers"))
    if not sent:
        return None
    changes = {field: value for field, value in _read(given, now).items() if value != now[field]}
    reading.with_changes(spec, changes)
    return changes


def widget(place: DeltaGenerator, field: str, kind: FieldInfo, said: Words, value: Any) -> Any:
    """The widget for one setting; what it holds. What is typed as text is read by ``_read``."""
    options = _options(kind.annotation)
    names = values.choices().get(field, {})
    if get_origin(kind.annotation) is tuple and options:
        return place.multiselect(
            said.label, options, value, help=said.help, format_func=lambda v: names.get(v, v)
        )
    if options:
        return place.selectbox(
            said.label,
            options,
            options.index(value),
            help=said.help,
            format_func=lambda v: names.get(v, v),
        )
    if isinstance(value, bool):
        return place.checkbox(said.label, value, help=said.help)
    if number := _numeric(kind):
        return _number(place, said, kind, number, value)
    return place.text_input(said.label, _typed(value), help=said.help)


def is_number(field: str) -> bool:
    """Whether a setting is a number, which may be left empty."""
    return _numeric(fields(TrainSpec)[field]) is not None


def _numeric(kind: FieldInfo) -> type | None:
    if get_origin(kind.annotation) in (tuple, dict):
        return None
    parts = (kind.annotation, *get_args(kind.annotation))
    return next((part for part in parts if part in (int, float)), None)


def _number(place: DeltaGenerator, said: Words, kind: FieldInfo, whole: type, value: Any) -> Any:
    low, high = _limits(kind)
    if whole is int:
        return place.number_input(
            said.label,
            None if low is None else int(low),
            None if high is None else int(high),
            value,
            step=1,
            help=said.help,
            placeholder="–",
        )
    return place.number_input(
        said.label,
        low,
        high,
        value,
        step=_step(value),
        format="%g",
        help=said.help,
        placeholder="–",
    )


def _limits(kind: FieldInfo) -> tuple[float | None, float | None]:
    """The least and the most a number may be. Whether it may be exactly that, the spec says."""
    found: dict[str, float] = {}
    for rule in _rules(kind):
        found |= {n: getattr(rule, n) for n in LIMITS if getattr(rule, n, None) is not None}
    least, most = found.get("ge", found.get("gt")), found.get("le", found.get("lt"))
    return (
        None if least is None else float(least),
        None if most is None else float(most),
    )


def _rules(kind: FieldInfo) -> list[Any]:
    inner = [rule for part in get_args(kind.annotation) for rule in getattr(part, "metadata", ())]
    return [*kind.metadata, *inner]


def _step(value: float | None) -> float:
    """A tenth of the number's own size."""
    if not value:
        return 0.01
    step: float = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    return step


def _options(annotation: Any) -> list[Any]:
    """The words among which a setting chooses; none where it takes any."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    inner = get_args(annotation)
    if get_origin(annotation) is tuple and inner and get_origin(inner[0]) is Literal:
        return list(get_args(inner[0]))
    return []


def _typed(value: Any) -> str:
    """Lists and pairs as one would type them."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={number}" for name, number in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _read(given: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, as lists and pairs where a setting takes such."""
    return {
        field: _parted(field, value, now[field]) if isinstance(value, str) else value
        for field, value in given.items()
    }


def _parted(field: str, text: str, now: Any) -> Any:
    parts = [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]
    if isinstance(now, Mapping):
        return dict(_pair(field, part) for part in parts)
    if isinstance(now, list | tuple):
        return [int(part) if part.isdecimal() else part for part in parts]
    return text.strip()


def _pair(field: str, part: str) -> tuple[str, str]:
    name, sign, number = part.partition("=")
    if not sign:
        raise StudioError(
            _("These numbers cannot be used."),
            _("{field}: “{part}” is no pair of a name and a number.").format(
                field=wording.label(field), part=part
            ),
            _("Write it as q_proj=8, v_proj=32."),
        )
    return name.strip(), number.strip()
