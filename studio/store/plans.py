"""Trainings that were planned and kept under a name."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.domain.records import PlanRecord
from studio.store import rows

migrations = Migrations("plans")


@migrations()
def m001_plans(db: Database) -> None:
    db.conn.execute(
        """
        CREATE TABLE plans (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, spec TEXT NOT NULL,
            created_at REAL NOT NULL, updated_at REAL NOT NULL, deleted_at REAL
        ) STRICT
        """
    )


def insert(db: Database, plan: PlanRecord) -> None:
    rows.insert(db, "plans", plan)


def get(db: Database, plan_id: str) -> PlanRecord | None:
    """Also one that is deleted."""
    return rows.one(db, PlanRecord, "SELECT * FROM plans WHERE id = ?", [plan_id])


def select(db: Database) -> list[PlanRecord]:
    """Those that are not deleted, the one that was changed last first."""
    return rows.many(
        db,
        PlanRecord,
        "SELECT * FROM plans WHERE deleted_at IS NULL ORDER BY updated_at DESC, id DESC",
    )
