"""The shelf of voices: finding them, and keeping it in order."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from studio.domain import naming
from studio.domain.records import AdapterRecord, Verification
from studio.domain.searching import Words
from studio.errors import StudioError
from studio.language import _
from studio.services import overtaking
from studio.services.context import db
from studio.store import adapters, database, rows

LONGEST_TAG = 40
"""Characters."""


def list_all(
    text: str = "",
    *,
    tag: str | None = None,
    favourites: bool = False,
    archived: bool | None = False,
) -> list[AdapterRecord]:
    """The voices on the shelf, the newest first.

    Every word of ``text`` must be in the name, a tag or the note. ``archived``: only those that
    are put away, or with None those as well.
    """
    wanted = Words(text)
    return [
        voice
        for voice in adapters.select(db())
        if (archived is None or archived == bool(voice.archived_at))
        and (voice.favourite or not favourites)
        and (tag is None or tag in voice.tags)
        and wanted.are_in(_searched(voice))
    ]


def _searched(voice: AdapterRecord) -> str:
    return "\n".join((voice.name, *voice.tags, voice.note))


def tags() -> list[str]:
    """Every tag that a voice on the shelf has, in the order of the alphabet."""
    return sorted({tag for voice in list_all(archived=None) for tag in voice.tags})


def get(adapter_id: str) -> AdapterRecord:
    """The voice, also one that was archived or deleted.

    Raises:
        StudioError: there is none with this id.
    """
    record = adapters.get(db(), adapter_id)
    if record is None:
        raise StudioError(
            _("This voice is not on the shelf."),
            _("No adapter has the id {id}.").format(id=adapter_id),
            _("Choose one from the Voices page, or train it."),
        )
    return record


def named(adapter_id: str) -> str:
    """What to call a voice on a page: its name, also once archived or deleted."""
    record = adapters.get(db(), adapter_id)
    return record.name if record else adapter_id[:12]


def taught_with(adapter_id: str) -> str | None:
    """The dataset of the voice, or of the first of those it was made of that has one; None
    where none of them was taught here."""
    waiting, seen = [adapter_id], set()
    while waiting:
        voice = adapters.get(db(), waiting.pop(0))
        if voice is None or voice.id in seen:
            continue
        if voice.dataset:
            return voice.dataset
        seen.add(voice.id)
        waiting += voice.parents
    return None


def verifications(adapter_id: str) -> list[Verification]:
    """How its conversions agreed with the original, the newest first."""
    artifact = get(adapter_id).artifact
    return [v for v in adapters.verifications(db()) if v.adapter == artifact]


def rename(adapter_id: str, name: str, base: str | None = None) -> AdapterRecord:
    """Give a voice another name.

    Raises:
        Overtaken: ``base`` is given, and is not its name any more.
        StudioError: the name is empty.
    """
    tidy = naming.tidy(name)
    if not tidy:
        raise StudioError(
            _("The voice keeps its old name."),
            _("The new name is empty, or holds only what nobody can see."),
            _("Type a name of at least one letter."),
        )
    with database.write(db()) as connection:
        overtaking.refuse(get(adapter_id).name, base, tidy)
        rows.set_columns(connection, "adapters", adapter_id, [("name", tidy)])
    return get(adapter_id)


def set_tags(
    adapter_id: str, names: Sequence[str], base: Sequence[str] | None = None
) -> AdapterRecord:
    """Give a voice these tags and no others; with ``base``, the tags that they were made of, those
    that came to the voice meanwhile stay, and those that went are not put back."""
    with database.write(db()) as connection:
        known = get(adapter_id).tags
        before = known if base is None else base
        kept = (tag for tag in known if tag in names or tag not in before)
        found = _tidied([*kept, *(name for name in names if name not in before)])
        tags = json.dumps(found, ensure_ascii=False)
        rows.set_columns(connection, "adapters", adapter_id, [("tags", tags)])
    return get(adapter_id)


def note(adapter_id: str, text: str, base: str | None = None) -> AdapterRecord:
    """Write down what there is to remember of a voice. Where the note is not ``base`` any more,
    what was written meanwhile stays below it."""
    with database.write(db()) as connection:
        now, wanted = get(adapter_id).note, text.strip()
        if base is not None and now not in ("", base, wanted):
            wanted = f"{wanted}\n\n{now}".strip()
        rows.set_columns(connection, "adapters", adapter_id, [("note", wanted)])
    return get(adapter_id)


def favour(adapter_id: str, favourite: bool = True) -> AdapterRecord:
    """Mark a voice as a favourite, or no longer."""
    return _set(adapter_id, "favourite", int(favourite))


def archive(adapter_id: str) -> AdapterRecord:
    """Put a voice away: the desk does not offer it, and nothing of it is lost."""
    return _set(adapter_id, "archived_at", time.time())


def unarchive(adapter_id: str) -> AdapterRecord:
    """Bring a voice back that was put away."""
    return _set(adapter_id, "archived_at", None)


def delete(adapter_id: str) -> None:
    """Take a voice off the shelf; ``restore`` brings it back."""
    _set(adapter_id, "deleted_at", time.time())


def restore(adapter_id: str) -> None:
    _set(adapter_id, "deleted_at", None)


def _tidied(names: Sequence[str]) -> list[str]:
    """No empty tag, no tag twice, each on one line."""
    plain = (naming.tidy(name)[:LONGEST_TAG].strip() for name in names)
    return list(dict.fromkeys(filter(None, plain)))


def _set(adapter_id: str, column: str, value: str | float | None) -> AdapterRecord:
    get(adapter_id)
    with database.write(db()) as connection:
        rows.set_columns(connection, "adapters", adapter_id, [(column, value)])
    return get(adapter_id)
