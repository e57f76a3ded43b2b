"""What every service needs: this thread's database connection and the artifact store."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path

from studio.jobs.artifacts import ArtifactStore
from studio.settings import settings
from studio.store import Database
from studio.store.database import open_database

_local = threading.local()


def db() -> Database:
    """The connection of this thread, opened and migrated on first use."""
    path = settings().database
    if getattr(_local, "path", None) != path or not path.exists():
        _local.database, _local.path = open_database(path), path
    database: Database = _local.database
    return database


def close() -> None:
    """Let go of this thread's connection; the next use opens another."""
    if getattr(_local, "path", None) is not None:
        _local.database.conn.close()
        _local.path = None


@lru_cache(maxsize=4)
def _store(url: str, cache: Path) -> ArtifactStore:
    return ArtifactStore(url, cache)


def store() -> ArtifactStore:
    """The artifact store that settings name."""
    return _store(settings().artifact_store, settings().cache / "artifacts")
