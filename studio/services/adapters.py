"""The shelf of trained voices."""

from __future__ import annotations

import time

from studio.domain.records import AdapterRecord, Verification
from studio.errors import StudioError
from studio.language import _
from studio.services.context import db
from studio.store import adapters, database, rows


def list_all() -> list[AdapterRecord]:
    """The newest first."""
    return adapters.select(db())


def get(adapter_id: str) -> AdapterRecord:
    record = adapters.get(db(), adapter_id)
    if record is None:
        raise StudioError(
            _("This voice is not on the shelf."),
            _("No adapter has the id {id}.").format(id=adapter_id),
            _("Choose one from the Adapters page, or train it."),
        )
    return record


def verifications(adapter_id: str) -> list[Verification]:
    """How its conversions agreed with the original, the newest first."""
    artifact = get(adapter_id).artifact
    return [v for v in adapters.verifications(db()) if v.adapter == artifact]


def rename(adapter_id: str, name: str) -> AdapterRecord:
    """Give a voice another name.

    Raises:
        StudioError: the name is empty.
    """
    if not name.strip():
        raise StudioError(
            _("The voice keeps its old name."),
            _("The new name is empty."),
            _("Type a name of at least one letter."),
        )
    _set(adapter_id, "name", name.strip())
    return get(adapter_id)


def delete(adapter_id: str) -> None:
    """Take a voice off the shelf; ``restore`` brings it back."""
    _set(adapter_id, "deleted_at", time.time())


def restore(adapter_id: str) -> None:
    _set(adapter_id, "deleted_at", None)


def _set(adapter_id: str, column: str, value: str | float | None) -> None:
    get(adapter_id)
    with database.write(db()) as connection:
        rows.set_columns(connection, "adapters", adapter_id, [(column, value)])
