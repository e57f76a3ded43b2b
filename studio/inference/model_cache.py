"""Keeps the last models loaded, so that a sentence does not wait for gigabytes to be read."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from studio.inference.runtime import Runtime

Key = tuple[Path, int, int]


def _key(path: Path) -> Key:
    """A file and its state, so that a file written anew is another model."""
    if not path.is_file():
        return (path, 0, 0)  # loading says what is wrong
    stat = path.stat()
    return (path.resolve(), stat.st_mtime_ns, stat.st_size)


def half_of_memory() -> int:
    """Half of the machine's memory in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


class ModelCache:
    """At most ``models`` models, of at most ``limit`` bytes in all; one may always stay."""

    def __init__(self, models: int = 2, limit: int | None = None) -> None:
        self._models = models
        self._limit = limit
        self._loaded: OrderedDict[Key, Runtime] = OrderedDict()
        self._lock = RLock()

    @contextmanager
    def borrow(self, path: Path, context: int) -> Iterator[Runtime]:
        """The model with room for ``context`` tokens (or as many as it knows); others wait.

        Raises:
            StudioError: the file cannot be loaded, or does not fit into memory.
        """
        with self._lock:
            yield self._get(path, context)

    def _get(self, path: Path, context: int) -> Runtime:
        key = _key(path)
        if runtime := self._loaded.get(key):
            runtime.resize(context)
        else:
            self._make_room(path.stat().st_size if path.is_file() else 0)
            runtime = self._loaded[key] = Runtime(path, context)
        self._loaded.move_to_end(key)
        return runtime

    def _make_room(self, wanted: int) -> None:
        limit = half_of_memory() if self._limit is None else self._limit
        while self._loaded and (
            len(self._loaded) >= self._models
            or wanted + sum(runtime.bytes for runtime in self._loaded.values()) > limit
        ):
            _oldest, runtime = self._loaded.popitem(last=False)
            runtime.close()

    def __len__(self) -> int:
        return len(self._loaded)

    def clear(self) -> None:
        """Free everything."""
        with self._lock:
            while self._loaded:
                self._loaded.popitem()[1].close()


CACHE = ModelCache()
"""The one of this process."""
