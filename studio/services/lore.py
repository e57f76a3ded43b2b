"""The lorebook: adding, changing, finding."""

from __future__ import annotations

import time
import uuid

from studio.domain import naming
from studio.domain.lorebook import LoreEntry, LoreRevision, LoreType
from studio.errors import Overtaken, StudioError
from studio.language import _
from studio.lore.search import rank
from studio.services.context import db
from studio.store import database, lore, rows

TICK = 1e-6
"""Seconds by which two texts of an entry are apart at the least."""


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
    base: float | None = None,
) -> LoreEntry:
    """Change what is given; the entry as it was is kept as a revision. One that was deleted is
    in the lorebook again.

    Raises:
        Overtaken: ``base`` is given, and the entry was changed or deleted after that moment.
        StudioError: it would have no name.
    """
    with database.write(db()) as connection:
        old = get(entry_id)
        entry = _changed(old, type=type, name=name, text=text, aliases=aliases)
        if entry == old:
            return old
        if base is not None and base != old.touched_at:
            if old.deleted_at:
                raise _deleted()
            if _said(entry) != _said(old):
                raise _overtaken()
        lore.replace(connection, entry)
    return entry


def _changed(
    old: LoreEntry,
    *,
    name: str | None,
    text: str | None,
    aliases: tuple[str, ...] | None,
    type: LoreType | None = None,
) -> LoreEntry:
    """The entry with what is given; a later moment where that makes a difference."""
    changes = {
        "type": type or old.type,
        "name": old.name if name is None else _named(name),
        "text": old.text if text is None else text,
        "aliases": old.aliases if aliases is None else _tidy(aliases),
        "deleted_at": None,
    }
    entry = old.model_copy(update=changes)
    later = max(time.time(), old.updated_at + TICK)
    return old if entry == old else entry.model_copy(update={"updated_at": later})


def _said(entry: LoreEntry) -> tuple[object, ...]:
    return entry.type, entry.name, entry.aliases, entry.text


def _overtaken() -> Overtaken:
    return Overtaken(
        _("The entry is not saved yet."),
        _("It was changed in another window since you opened it."),
        _("Look at both texts, and save the one you want; the other stays an earlier text."),
    )


def _deleted() -> Overtaken:
    return Overtaken(
        _("The entry is not saved yet."),
        _("It was deleted in another window since you opened it."),
        _("Save again to have it in the lorebook with your text, or leave it deleted."),
    )


def set_aside(entry_id: str, name: str, text: str, aliases: tuple[str, ...] = ()) -> None:
    """Keep a text among the earlier ones of an entry, which stays as it is."""
    with database.write(db()) as connection:
        old = get(entry_id)
        mine = _changed(old, name=name.strip() or old.name, text=text, aliases=aliases)
        if _said(mine) != _said(old):
            lore.keep(connection, mine.model_copy(update={"updated_at": time.time()}))


def revisions(entry_id: str) -> list[LoreRevision]:
    """The earlier texts of an entry, the newest first."""
    return lore.revisions(db(), entry_id)


def revised() -> set[str]:
    """The ids of the entries that have earlier texts."""
    return lore.revised(db())


def take_back(entry_id: str, revision: int) -> LoreEntry:
    """Make an earlier text that of the entry again; what it says now becomes an earlier one.

    Raises:
        StudioError: the entry has no such revision.
    """
    for kept in revisions(entry_id):
        if kept.id == revision:
            return edit(entry_id, name=kept.name, text=kept.text, aliases=kept.aliases)
    raise StudioError(
        _("The entry stays as it is."),
        _("It has no earlier text {number}.").format(number=revision),
        _("Choose one of those listed."),
    )


def as_of(entry_id: str, moment: float) -> LoreEntry:
    """The entry as it was written at a moment; as it is where no such text is known."""
    entry = get(entry_id)
    if entry.updated_at != moment:
        for kept in revisions(entry_id):
            if kept.at == moment:
                was = {"name": kept.name, "aliases": kept.aliases, "text": kept.text}
                return entry.model_copy(update={**was, "updated_at": moment})
    return entry


def _named(name: str) -> str:
    if not naming.tidy(name):
        raise StudioError(
            _("The entry is not saved."),
            _("It has no name, so nothing could find it."),
            _("Give it a name."),
        )
    return naming.tidy(name)


def _tidy(aliases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(naming.tidy, aliases))))


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
