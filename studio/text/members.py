"""Files of an archive found as their programs meant them, if not as they wrote them."""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote


class Members:
    """The names in an archive. Among several that differ by case alone, the first is found."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._loose: dict[str, str] = {}
        self._last: dict[str, list[str]] = {}
        for name in names:
            self._loose.setdefault(key := loosened(name), name)
            self._last.setdefault(posixpath.basename(key), []).append(name)

    def find(self, folder: str, path: str) -> str:
        """The member that this path in this folder means, or an empty name.

        Case, percent signs, composed characters and backslashes may differ.
        """
        for exact in (path, unquote(path)):
            if (joined := _joined(folder, exact)) in self._names:
                return joined
        return self._loose.get(loosened(_joined(folder, path)), "")

    def anywhere(self, folder: str, path: str) -> str:
        """The same; the path may begin at the root, or lead to a name that stands once only."""
        bare = path.lstrip("/\\")
        if found := self.find(folder, path) or self.find(folder, bare) or self.find("", bare):
            return found
        alike = self._last.get(posixpath.basename(loosened(path)), [])
        return alike[0] if len(alike) == 1 else ""


def loosened(name: str) -> str:
    """The same for all names that mean one file."""
    plain = unicodedata.normalize("NFC", unquote(name)).replace("\\", "/").casefold()
    return posixpath.normpath(plain).lstrip("/") if plain else ""


def _joined(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path)).lstrip("/") if path else ""
