"""The lorebook: adding, changing, finding."""

from __future__ import annotations

import time
import uuid
from typing import get_args

from studio.domain.records import LoreEntry, LoreType
from studio.errors import StudioError
from studio.language import _
from studio.lore.search import rank
from studio.services.context import db
from studio.store import database, lore, rows

TYPES: tuple[LoreType, ...] = get_args(LoreType)


def add(type: LoreType, name: str, text: str, aliases: tuple[str, ...] = ()) -> LoreEntry:
    """Write a new entry.

    Raises:
        StudioError: it has no name.
    """
    now = time.time()
    entry = LoreEntry(
        id=uuid.uuid4().hex,
        type=type,
        name=_named(name),
        aliases=_tidy(aliases),
        text=text,
        created_at=now,
        updated_at=now,
    )
    with database.write(db()) as connection:
        lore.insert(connection, entry)
    return entry


def edit(
    entry_id: str,
    *,
    type: LoreType | None = None,
    name: str | None = None,
    text: str | None = None,
    aliases: tuple[str, ...] | None = None,
) -> LoreEntry:
    """Change what is given; the entry as it was is kept as a revision."""
    old = get(entry_id)
    changes = {
        "type": type or old.type,
        "name": old.name if name is None else _named(name),
        "text": old.text if text is None else text,
        "aliases": old.aliases if aliases is None else _tidy(aliases),
        "updated_at": time.time(),
    }
    entry = old.model_copy(update=changes)
    with database.write(db()) as connection:
        lore.replace(connection, entry)
    return entry


def _named(name: str) -> str:
    if not name.strip():
        raise StudioError(
            _("The entry is not saved."),
            _("It has no name, so nothing could find it."),
            _("Give it a name."),
        )
    return name.strip()


def _tidy(aliases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a.strip() for a in aliases if a.strip()))


def get(entry_id: str) -> LoreEntry:
    entry = lore.get(db(), entry_id)
    if entry is None:
        raise StudioError(
            _("This entry is not in the lorebook."),
            _("No entry has the id {id}.").format(id=entry_id),
            _("Choose one on the Lore page."),
        )
    return entry


def list_all(type: LoreType | None = None) -> list[LoreEntry]:
    """By type and name."""
    return [e for e in lore.select(db()) if type in (None, e.type)]


def search(query: str) -> list[LoreEntry]:
    """Entries that have every word of the query, names first. An empty query finds all."""
    return rank(query, lore.select(db()))


def delete(entry_id: str) -> None:
    """Take an entry out of the lorebook; ``restore`` brings it back."""
    _mark(entry_id, time.time())


def restore(entry_id: str) -> None:
    _mark(entry_id, None)


def _mark(entry_id: str, deleted_at: float | None) -> None:
    get(entry_id)
    with database.write(db()) as connection:
        rows.set_columns(connection, "lore", entry_id, [("deleted_at", deleted_at)])
