"""Plain search over lore entries, alike in English and Chinese."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from studio.domain.records import LoreEntry


def folded(text: str) -> str:
    """For comparing: compatibility forms unified (full-width A is A), case ignored."""
    return unicodedata.normalize("NFKC", text).casefold()


def rank(query: str, entries: Iterable[LoreEntry]) -> list[LoreEntry]:
    """The entries that contain every word of the query; hits in a name or alias come first.

    Words are compared as substrings, because Chinese puts no space between them.
    """
    words = folded(query).split()
    scored = [(_score(words, entry), entry) for entry in entries]
    found = [pair for pair in scored if pair[0] is not None]
    return [entry for _points, entry in sorted(found, key=lambda pair: -(pair[0] or 0))]


def _score(words: list[str], entry: LoreEntry) -> int | None:
    """How many words stand in the name or an alias; None when a word stands nowhere."""
    names = folded("\n".join((entry.name, *entry.aliases)))
    text = folded(entry.text)
    if not all(word in names or word in text for word in words):
        return None
    return sum(word in names for word in words)
