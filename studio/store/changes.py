"""Changes to datasets that are not yet part of a version, step by step, so that each can be
taken back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.domain.recipes import ReviseSpec
from studio.domain.records import Change, Pending
from studio.store import rows

migrations = Migrations("changes")


@migrations()
def m001_changes(db: Database) -> None:
    db.conn.execute(
        """
        CREATE TABLE changes (
            dataset TEXT NOT NULL, step INTEGER NOT NULL, example TEXT NOT NULL,
            excluded INTEGER, completion TEXT, rejected TEXT,
            at REAL NOT NULL, undone INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (dataset, step, example)
        ) STRICT, WITHOUT ROWID
        """
    )


def select(db: Database, dataset_id: str) -> list[Change]:
    """In the order in which they were made, undone ones too."""
    return rows.many(
        db, Change, "SELECT * FROM changes WHERE dataset = ? ORDER BY step, example", [dataset_id]
    )


def next_step(db: Database, dataset_id: str) -> int:
    """The number of the step to come."""
    found = db.conn.execute("SELECT max(step) FROM changes WHERE dataset = ?", [dataset_id])
    return int(found.fetchone()[0] or 0) + 1


def add(db: Database, step: Sequence[Change]) -> None:
    """Keep a step; what was undone before it can no longer be redone."""
    for dataset_id in {change.dataset for change in step}:
        db.conn.execute("DELETE FROM changes WHERE dataset = ? AND undone", [dataset_id])
    for change in step:
        rows.insert(db, "changes", change)


def undo(db: Database, dataset_id: str) -> bool:
    """Take the last step back; False where there is none."""
    return _turn(db, dataset_id, "max", undone=True)


def redo(db: Database, dataset_id: str) -> bool:
    """Make the step that was last undone again; False where there is none."""
    return _turn(db, dataset_id, "min", undone=False)


def _turn(db: Database, dataset_id: str, which: str, *, undone: bool) -> bool:
    cursor = db.conn.execute(
        f"UPDATE changes SET undone = :undone WHERE dataset = :dataset AND step ="
        f" (SELECT {which}(step) FROM changes WHERE dataset = :dataset AND undone != :undone)",
        {"dataset": dataset_id, "undone": undone},
    )
    return bool(cursor.rowcount)


def discard(db: Database, dataset_id: str) -> None:
    db.conn.execute("DELETE FROM changes WHERE dataset = ?", [dataset_id])


def settle(db: Database, made: ReviseSpec, asked_at: float) -> None:
    """Forget what has become part of a version, and what came to nothing. What was changed after
    the version was asked for stays."""
    older = [change for change in select(db, made.dataset) if change.at <= asked_at]
    known = {*made.exclude, *(edit.id for edit in made.edits)}
    pending = Pending.of(older)
    open_still = {*pending.excluded, *(edit.id for edit in pending.edits)} - known
    db.conn.executemany(
        "DELETE FROM changes WHERE dataset = ? AND step = ? AND example = ?",
        [(c.dataset, c.step, c.example) for c in older if c.example not in open_still],
    )
