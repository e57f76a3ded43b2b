"""Imported manuscripts. The cleaned text itself is an artifact; so is the original file."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.domain.records import ManuscriptRecord
from studio.store import rows

migrations = Migrations("manuscripts")


@migrations()
def m001_manuscripts(db: Database) -> None:
    db.conn.execute(
        """
        CREATE TABLE manuscripts (
            id TEXT PRIMARY KEY, title TEXT NOT NULL, language TEXT NOT NULL,
            encoding TEXT NOT NULL, words INTEGER NOT NULL, characters INTEGER NOT NULL,
            chapters TEXT NOT NULL, notes TEXT NOT NULL, artifact TEXT NOT NULL,
            original TEXT NOT NULL, created_at REAL NOT NULL, deleted_at REAL
        ) STRICT
        """
    )


@migrations()
def m002_versions(db: Database) -> None:
    for column in ("file TEXT NOT NULL DEFAULT ''", "family TEXT", "version INTEGER DEFAULT 1"):
        db.conn.execute(f"ALTER TABLE manuscripts ADD COLUMN {column}")
    db.conn.execute("UPDATE manuscripts SET family = id")


def insert(db: Database, record: ManuscriptRecord) -> None:
    """Keep a new manuscript, or the next version of one. The same text is kept once."""
    if record.family != record.id:
        newest = db.conn.execute(
            "SELECT max(version) FROM manuscripts WHERE family = ?", [record.family]
        ).fetchone()[0]
        record = record.model_copy(update={"version": (newest or 0) + 1})
    elif of_artifact(db, record.artifact):
        return
    rows.insert(db, "manuscripts", record)


def get(db: Database, manuscript_id: str) -> ManuscriptRecord | None:
    return rows.one(db, ManuscriptRecord, "SELECT * FROM manuscripts WHERE id = ?", [manuscript_id])


def of_artifact(db: Database, artifact: str) -> ManuscriptRecord | None:
    """The manuscript with the same content, if it is there and not deleted."""
    return rows.one(
        db,
        ManuscriptRecord,
        "SELECT * FROM manuscripts WHERE artifact = ? AND deleted_at IS NULL ORDER BY created_at",
        [artifact],
    )


def select(db: Database) -> list[ManuscriptRecord]:
    """The newest version of each manuscript, the newest manuscript first; deleted ones left out."""
    return rows.many(
        db,
        ManuscriptRecord,
        "SELECT * FROM manuscripts AS m WHERE deleted_at IS NULL AND version = (SELECT max(version)"
        " FROM manuscripts WHERE family = m.family AND deleted_at IS NULL)"
        " ORDER BY created_at DESC, id",
    )


def mark(db: Database, family: str, deleted_at: float | None) -> None:
    """All versions of a manuscript leave the page together, and come back together."""
    db.conn.execute("UPDATE manuscripts SET deleted_at = ? WHERE family = ?", [deleted_at, family])


def versions(db: Database, family: str) -> list[ManuscriptRecord]:
    """All versions of a manuscript, the newest first."""
    return rows.many(
        db,
        ManuscriptRecord,
        "SELECT * FROM manuscripts WHERE family = ? ORDER BY version DESC",
        [family],
    )
