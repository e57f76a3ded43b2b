"""Base models a writer added, and everything converted to GGUF."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.domain.records import GgufRecord, ModelRecord
from studio.store import rows

migrations = Migrations("models")


@migrations()
def m001_models(db: Database) -> None:
    db.conn.execute(
        """
        CREATE TABLE models (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, model TEXT NOT NULL, facts TEXT NOT NULL,
            created_at REAL NOT NULL, deleted_at REAL
        ) STRICT
        """
    )
    db.conn.execute(
        """
        CREATE TABLE ggufs (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, job_id TEXT NOT NULL, model TEXT NOT NULL,
            adapter TEXT, quantisation TEXT NOT NULL, bytes INTEGER NOT NULL,
            created_at REAL NOT NULL
        ) STRICT
        """
    )


def insert(db: Database, record: ModelRecord) -> None:
    rows.insert(db, "models", record, or_ignore=True)
    rows.set_columns(db, "models", record.id, [("deleted_at", None)])


def get(db: Database, model_id: str) -> ModelRecord | None:
    return rows.one(db, ModelRecord, "SELECT * FROM models WHERE id = ?", [model_id])


def select(db: Database) -> list[ModelRecord]:
    return rows.many(
        db, ModelRecord, "SELECT * FROM models WHERE deleted_at IS NULL ORDER BY created_at, id"
    )


def insert_gguf(db: Database, record: GgufRecord) -> None:
    rows.insert(db, "ggufs", record, or_ignore=True)


def gguf(db: Database, gguf_id: str) -> GgufRecord | None:
    return rows.one(db, GgufRecord, "SELECT * FROM ggufs WHERE id = ?", [gguf_id])


def ggufs(db: Database) -> list[GgufRecord]:
    return rows.many(db, GgufRecord, "SELECT * FROM ggufs ORDER BY created_at DESC, id")
