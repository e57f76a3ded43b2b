"""Search in the lorebook by name, by other names and by text."""

from __future__ import annotations

from collections.abc import Iterable

from studio.domain.lorebook import LoreEntry
from studio.domain.searching import Words


def rank(query: str, entries: Iterable[LoreEntry]) -> list[LoreEntry]:
    """The entries that contain every word of the query; hits in a name or alias come first,
    whole words before parts."""
    words = Words(query)
    found = [entry for entry in entries if words.are_in(f"{_names(entry)}\n{entry.text}")]
    return sorted(found, key=lambda e: -(words.count(_names(e)) + words.whole(_names(e))))


def _names(entry: LoreEntry) -> str:
    return "\n".join((entry.name, *entry.aliases))
