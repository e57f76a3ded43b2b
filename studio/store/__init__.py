"""SQLite on the studio host: the truth. One module a table group; workers never open it.

Everybody else takes ``Database`` from here, never from sqlite_utils: it imports pandas where it is
installed, only to know one type that no row of the studio holds, and a page would wait a second
more for its first word.
"""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Without(MetaPathFinder):
    """Refuses one library to the thread that made it; to all others it is there."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread = threading.get_ident()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == self._name and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(name=name)
        return None


@contextmanager
def _without(name: str) -> Iterator[None]:
    finder = _Without(name)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


with _without("pandas"):
    from sqlite_utils import Database

__all__ = ["Database"]
