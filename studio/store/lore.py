"""The lorebook: characters, places, plot, rules, things."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.domain.lorebook import LoreEntry, LoreRevision
from studio.store import rows

migrations = Migrations("lore")


@migrations()
def m001_lore(db: Database) -> None:
    db.conn.execute(
        """
        CREATE TABLE lore (
            id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, aliases TEXT NOT NULL,
            text TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL,
            deleted_at REAL
        ) STRICT
        """
    )
    db.conn.execute(
        """
        CREATE TABLE lore_revisions (
            id INTEGER PRIMARY KEY, entry TEXT NOT NULL REFERENCES lore (id),
            name TEXT NOT NULL, aliases TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL
        ) STRICT
        """
    )


def insert(db: Database, entry: LoreEntry) -> None:
    rows.insert(db, "lore", entry)


def replace(db: Database, entry: LoreEntry) -> None:
    """Change an entry; what it was is kept as a revision. Call inside ``database.write``."""
    if (old := get(db, entry.id)) is not None:
        keep(db, old)
    values = rows.dump(entry)
    rows.set_columns(db, "lore", entry.id, ((k, v) for k, v in values.items() if k != "id"))


def keep(db: Database, entry: LoreEntry) -> None:
    """Put a text of an entry among its revisions."""
    values = rows.dump(entry)
    db.conn.execute(
        """
        INSERT INTO lore_revisions (entry, name, aliases, text, at)
        VALUES (:id, :name, :aliases, :text, :updated_at)
        """,
        values,
    )


def revisions(db: Database, entry_id: str) -> list[LoreRevision]:
    """The newest first."""
    return rows.many(
        db,
        LoreRevision,
        "SELECT * FROM lore_revisions WHERE entry = ? ORDER BY at DESC, id DESC",
        [entry_id],
    )


def revised(db: Database) -> set[str]:
    """The ids of the entries that have revisions."""
    return {row[0] for row in db.conn.execute("SELECT DISTINCT entry FROM lore_revisions")}


def get(db: Database, entry_id: str) -> LoreEntry | None:
    return rows.one(db, LoreEntry, "SELECT * FROM lore WHERE id = ?", [entry_id])


def select(db: Database) -> list[LoreEntry]:
    """By type and name; deleted ones left out."""
    return rows.many(
        db, LoreEntry, "SELECT * FROM lore WHERE deleted_at IS NULL ORDER BY type, name, id"
    )
