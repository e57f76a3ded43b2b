"""Prepared datasets: immutable, named by the hash of their content."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.domain.records import DatasetRecord
from studio.store import rows

migrations = Migrations("datasets")


@migrations()
def m001_datasets(db: Database) -> None:
    db.conn.execute(
        """
        CREATE TABLE datasets (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, job_id TEXT NOT NULL, language TEXT NOT NULL,
            train INTEGER NOT NULL, validation INTEGER NOT NULL, tokens INTEGER NOT NULL,
            statistics TEXT NOT NULL, created_at REAL NOT NULL, deleted_at REAL
        ) STRICT
        """
    )


@migrations()
def m002_parent(db: Database) -> None:
    db.conn.execute("ALTER TABLE datasets ADD COLUMN parent TEXT")


def insert(db: Database, record: DatasetRecord) -> None:
    """A dataset made again is the same dataset; one that was deleted comes back."""
    rows.insert(db, "datasets", record, or_ignore=True)
    rows.set_columns(db, "datasets", record.id, [("deleted_at", None)])


def get(db: Database, dataset_id: str) -> DatasetRecord | None:
    return rows.one(db, DatasetRecord, "SELECT * FROM datasets WHERE id = ?", [dataset_id])


def select(db: Database) -> list[DatasetRecord]:
    return rows.many(
        db,
        DatasetRecord,
        "SELECT * FROM datasets WHERE deleted_at IS NULL ORDER BY created_at DESC, id",
    )


def of_parent(db: Database, dataset_id: str) -> list[DatasetRecord]:
    """The versions made of a dataset, the oldest first; deleted ones too."""
    return rows.many(
        db,
        DatasetRecord,
        "SELECT * FROM datasets WHERE parent = ? ORDER BY created_at, id",
        [dataset_id],
    )
