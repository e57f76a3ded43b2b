"""Finding what a person means by a few letters: an id, its beginning, or a name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from studio.domain.base import Model
from studio.errors import StudioError
from studio.language import _
from studio.services import models


class Identified(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Identified)


def one_of(records: Sequence[T], given: str | None, what: str) -> T:
    """The record with this id, beginning of an id, or name; the newest where none is given.

    Raises:
        StudioError: there is none, or several fit.
    """
    if not records:
        raise StudioError(
            _("There is no {what} yet.").format(what=what),
            _("The studio's shelf of them is empty."),
            _("Make one first; “python -m studio --help” lists the steps."),
        )
    if given is None:
        return records[0]
    exact = [r for r in records if given in (r.id, _name(r))]
    found = exact or [r for r in records if r.id.startswith(given)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{_name(r)} ({r.id[:12]})" for r in records[:8])
    raise StudioError(
        _("“{given}” does not name one {what}.").format(given=given, what=what),
        _("{count} of them fit.").format(count=len(found)),
        _("There are: {known}.").format(known=known),
    )


def _name(record: Identified) -> str:
    return str(getattr(record, "title", None) or getattr(record, "name", ""))


def base_model(given: str | None) -> Model | None:
    """A base model by its id or name on the list, or a folder; None where none is given.

    Raises:
        StudioError: it is neither, or the folder's model cannot be used.
    """
    if given is None:
        return None
    for record in models.list_all():
        if given in (record.id, record.name):
            return record.model
    return models.add_local(Path(given)).model
