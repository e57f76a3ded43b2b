"""Stories, every revision of them, and the pages that models wrote for them."""

from __future__ import annotations

import time

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.domain.records import Generation, Revision, StoryRecord
from studio.store import rows

migrations = Migrations("stories")


@migrations()
def m001_stories(db: Database) -> None:
    db.conn.execute(
        """
        CREATE TABLE stories (
            id TEXT PRIMARY KEY, title TEXT NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL,
            revision INTEGER NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL,
            deleted_at REAL
        ) STRICT
        """
    )
    db.conn.execute(
        """
        CREATE TABLE revisions (
            story_id TEXT NOT NULL REFERENCES stories (id), revision INTEGER NOT NULL,
            text TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (story_id, revision)
        ) STRICT
        """
    )
    # The text of a generation is what its job's token events say; see ``generations``.
    db.conn.execute(
        """
        CREATE TABLE generations (
            job_id TEXT PRIMARY KEY, story_id TEXT NOT NULL REFERENCES stories (id),
            voice TEXT NOT NULL, prompt TEXT NOT NULL, text TEXT NOT NULL DEFAULT '',
            state TEXT NOT NULL, created_at REAL NOT NULL
        ) STRICT
        """
    )
    db.conn.execute("CREATE INDEX generations_by_story ON generations (story_id, state)")


def insert(db: Database, story: StoryRecord) -> None:
    rows.insert(db, "stories", story)
    keep(db, story.id, story.revision, story.text)


def keep(db: Database, story_id: str, revision: int, text: str) -> None:
    db.conn.execute(
        "INSERT INTO revisions (story_id, revision, text, at) VALUES (?, ?, ?, ?)",
        [story_id, revision, text, time.time()],
    )


def get(db: Database, story_id: str) -> StoryRecord | None:
    return rows.one(db, StoryRecord, "SELECT * FROM stories WHERE id = ?", [story_id])


def select(db: Database) -> list[StoryRecord]:
    """The last touched first; deleted ones left out."""
    return rows.many(
        db,
        StoryRecord,
        "SELECT * FROM stories WHERE deleted_at IS NULL ORDER BY updated_at DESC, id",
    )


def revisions(db: Database, story_id: str) -> list[Revision]:
    """The newest first."""
    return rows.many(
        db,
        Revision,
        "SELECT * FROM revisions WHERE story_id = ? ORDER BY revision DESC",
        [story_id],
    )


def insert_generation(db: Database, generation: Generation) -> None:
    rows.insert(db, "generations", generation)


def append_text(db: Database, job_id: str, text: str) -> None:
    """Add newly written text; nothing happens for a job that belongs to no story."""
    db.conn.execute("UPDATE generations SET text = text || ? WHERE job_id = ?", [text, job_id])


def set_text(db: Database, job_id: str, text: str) -> None:
    """Put another text in its place; nothing happens for a job that belongs to no story."""
    db.conn.execute("UPDATE generations SET text = ? WHERE job_id = ?", [text, job_id])


def generation(db: Database, job_id: str) -> Generation | None:
    return rows.one(db, Generation, "SELECT * FROM generations WHERE job_id = ?", [job_id])


def generations(db: Database, story_id: str, state: str) -> list[Generation]:
    """Oldest first."""
    return rows.many(
        db,
        Generation,
        "SELECT * FROM generations WHERE story_id = ? AND state = ? ORDER BY created_at",
        [story_id, state],
    )


def settle_generation(db: Database, job_id: str, state: str) -> None:
    db.conn.execute("UPDATE generations SET state = ? WHERE job_id = ?", [state, job_id])
