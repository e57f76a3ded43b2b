"""What a person typed becomes a spec, or is said to be wrong in plain words."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from studio.errors import StudioError
from studio.language import _

M = TypeVar("M", bound=BaseModel)


def valid(kind: type[M], **given: Any) -> M:
    """The spec of these fields.

    Raises:
        StudioError: names the first field that cannot be used, and why.
    """
    try:
        return kind.model_validate(given)
    except ValidationError as problem:
        first = problem.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        why = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise StudioError(
            _("Something in the form cannot be used."),
            _("{field}: {why}.").format(field=field, why=why) if field else f"{why}.",
            _("Correct it; nothing was begun."),
        ) from problem
