"""Removes the checkpoints that a training does not keep."""

from __future__ import annotations

from studio.jobs.artifacts import ArtifactStore
from studio.store import Database, checkpoints
from studio.store.database import write


def prune(db: Database, store: ArtifactStore) -> list[str]:
    """Remove what is beyond each job's ``keep_checkpoints``; the artifacts that are gone.

    Rows go first, so none ever names a missing artifact; what is to be removed is written down in
    the same transaction, so whoever is killed in between goes on with it. What a job goes on from
    stays, and workers fetch nothing else.

    Raises:
        StudioError: the store cannot be reached; what is left is removed the next time.
        sqlite3.OperationalError: the database is locked.
    """
    if checkpoints.surplus(db):
        with write(db):
            checkpoints.discard(db, checkpoints.surplus(db))
    gone = []
    for artifact in checkpoints.discarded(db):
        store.delete(artifact)
        with write(db):
            checkpoints.forget(db, artifact)
        gone.append(artifact)
    return gone
