"""A training's settings as a person gave them, and what is wrong with them in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from studio.domain.changes import changed
from studio.domain.fields import fields
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.training import wording


def spec_of(values: Mapping[str, Any]) -> TrainSpec:
    """The training that these values describe.

    Raises:
        StudioError: a setting is not known, or its value is of no use; each is named.
    """
    try:
        return TrainSpec.model_validate(values)
    except ValidationError as problem:
        raise refusal(problem) from problem


def with_changes(spec: TrainSpec, changes: Mapping[str, Any]) -> TrainSpec:
    """``spec`` with other values, by names as ``lora.rank``.

    Raises:
        StudioError: as ``spec_of``.
    """
    known = fields(TrainSpec)
    for field in changes:
        if field not in known and field.split(".")[0] not in TrainSpec.model_fields:
            raise unknown(field)
    try:
        return changed(spec, dict(changes))
    except (KeyError, TypeError) as problem:
        raise unknown(str(problem.args[0])) from problem
    except ValidationError as problem:
        raise refusal(problem) from problem


def refusal(problem: ValidationError) -> StudioError:
    """All that is wrong with a training's settings: first what nobody knows, else every value."""
    errors = [error for error in problem.errors() if error["type"] != "extra_forbidden"]
    strange = [_path(e["loc"]) for e in problem.errors() if e["type"] == "extra_forbidden"]
    if strange:
        return unknown(*strange)
    places = dict.fromkeys(_path(error["loc"]) for error in errors)
    sentences = (f"{wording.label(_path(e['loc']))}: {_why(e)}" for e in errors)
    return StudioError(
        _("This cannot be used: {fields}.").format(fields=", ".join(f"“{p}”" for p in places)),
        " ".join(sentences),
        _("Correct them; nothing was begun and nothing is lost."),
    )


def unknown(*given: str) -> StudioError:
    """Names of settings that there are not, and what was probably meant."""
    near = {field: _near(field) for field in given}
    meant = [
        _("Did you mean “{near}”?").format(near=found)
        if len(given) == 1
        else _("Did you mean “{near}” instead of “{field}”?").format(field=field, near=found)
        for field, found in near.items()
        if found
    ]
    return StudioError(
        _("A lesson has no setting “{field}”.").format(field="”, “".join(given)),
        _("What is not understood is never left out in silence."),
        " ".join(meant) or _("Take it out, or correct its name."),
    )


def _near(field: str) -> str | None:
    names = list(dict.fromkeys([*TrainSpec.model_fields, *fields(TrainSpec)]))
    found = get_close_matches(field, names, 1)
    if found:
        return found[0]
    last = {name.rsplit(".", 1)[-1]: name for name in names}
    found = get_close_matches(field.rsplit(".", 1)[-1], list(last), 1)
    return last[found[0]] if found else None


def _path(place: tuple[int | str, ...]) -> str:
    """The name of a setting without the form of an objective that pydantic puts between."""
    parts = [str(part) for part in place if not isinstance(part, int)]
    if parts[0] in ("objective", "formatter") and len(parts) > 1:
        del parts[1]
    return ".".join(parts)


def _why(error: Any) -> str:
    """What a value should be, in a sentence."""
    limits = error.get("ctx", {})
    number = _("It has to be a number.")
    return {
        "missing": lambda: _("It is missing."),
        "greater_than": lambda: _("It has to be more than {n:g}.").format(n=limits["gt"]),
        "greater_than_equal": lambda: _("It has to be at least {n:g}.").format(n=limits["ge"]),
        "less_than": lambda: _("It has to be less than {n:g}.").format(n=limits["lt"]),
        "less_than_equal": lambda: _("It may be {n:g} at most.").format(n=limits["le"]),
        "int_parsing": lambda: _("It has to be a whole number."),
        "int_type": lambda: _("It has to be a whole number."),
        "int_from_float": lambda: _("It has to be a whole number."),
        "float_parsing": lambda: number,
        "float_type": lambda: number,
        "literal_error": lambda: _("It can be {values}.").format(values=limits["expected"]),
        "union_tag_invalid": lambda: _("It can be {values}.").format(
            values=limits["expected_tags"]
        ),
    }.get(error["type"], lambda: f"{error['msg']}.")()
