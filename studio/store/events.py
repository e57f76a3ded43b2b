"""The events table, and what pages read of it: metrics, samples, checkpoints, log, text."""

from __future__ import annotations

import json
from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.domain.events import Event

migrations = Migrations("events")


@migrations()
def m001_events(db: Database) -> None:
    db.conn.execute(
        """
        CREATE TABLE events (
            job_id TEXT NOT NULL, attempt INTEGER NOT NULL, seq INTEGER NOT NULL,
            at REAL NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (job_id, attempt, seq)
        ) STRICT, WITHOUT ROWID
        """
    )
    # A resumed attempt measures some steps again: the newest word on a step counts.
    db.conn.execute(
        """
        CREATE TABLE metrics (
            job_id TEXT NOT NULL, name TEXT NOT NULL, step INTEGER NOT NULL, value REAL,
            at REAL NOT NULL, PRIMARY KEY (job_id, name, step)
        ) STRICT, WITHOUT ROWID
        """
    )
    db.conn.execute(
        """
        CREATE TABLE samples (
            job_id TEXT NOT NULL, step INTEGER NOT NULL, prompt TEXT NOT NULL, text TEXT NOT NULL,
            at REAL NOT NULL, PRIMARY KEY (job_id, step, prompt)
        ) STRICT
        """
    )
    db.conn.execute(
        """
        CREATE TABLE checkpoints (
            job_id TEXT NOT NULL, artifact TEXT NOT NULL, step INTEGER NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (job_id, artifact)
        ) STRICT
        """
    )
    # What the recorder could not accept, for engineers; the rest goes on without it.
    db.conn.execute(
        """
        CREATE TABLE refused_events (
            id INTEGER PRIMARY KEY, job_id TEXT, reason TEXT NOT NULL, event TEXT NOT NULL,
            at REAL NOT NULL
        ) STRICT
        """
    )


@migrations()
def m002_discarded(db: Database) -> None:
    # Checkpoints no row names any more, until their files are gone, too: a process that is
    # killed in between finds here what it still has to remove.
    db.conn.execute("CREATE TABLE discarded (artifact TEXT PRIMARY KEY) STRICT")


def insert(db: Database, event: Event) -> bool:
    """Store the event; False when it is there already."""
    cursor = db.conn.execute(
        "INSERT OR IGNORE INTO events (job_id, attempt, seq, at, type, body)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            event.job_id, event.attempt, event.seq, event.at, event.body.type,
            event.body.model_dump_json(),
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


def refuse(db: Database, job_id: str | None, reason: str, event: str, at: float) -> None:
    db.conn.execute(
        "INSERT INTO refused_events (job_id, reason, event, at) VALUES (?, ?, ?, ?)",
        (job_id, reason, event, at),
    )


def refused(db: Database) -> int:
    """How many events the recorder could not accept so far."""
    return int(db.conn.execute("SELECT count(*) FROM refused_events").fetchone()[0])


def add_metrics(db: Database, job_id: str, step: int, values: dict[str, float], at: float) -> None:
    db.conn.executemany(
        "INSERT OR REPLACE INTO metrics (job_id, name, step, value, at) VALUES (?, ?, ?, ?, ?)",
        [(job_id, name, step, value, at) for name, value in values.items()],
    )


def metrics(db: Database, job_id: str) -> list[dict[str, Any]]:
    """Rows ``step, name, value, at``, in the order of steps; value is None where it was NaN."""
    return _rows(
        db,
        "SELECT step, name, value, at FROM metrics WHERE job_id = ? ORDER BY step, name",
        job_id,
    )


def add_sample(db: Database, job_id: str, step: int, prompt: str, text: str, at: float) -> None:
    db.conn.execute(
        "INSERT OR REPLACE INTO samples (job_id, step, prompt, text, at) VALUES (?, ?, ?, ?, ?)",
        (job_id, step, prompt, text, at),
    )


def samples(db: Database, job_id: str) -> list[dict[str, Any]]:
    """Rows ``step, prompt, text, at``, in the order of steps."""
    return _rows(
        db,
        "SELECT step, prompt, text, at FROM samples WHERE job_id = ? ORDER BY step, at",
        job_id,
    )


def add_checkpoint(db: Database, job_id: str, artifact: str, step: int, at: float) -> None:
    db.conn.execute(
        "INSERT OR REPLACE INTO checkpoints (job_id, artifact, step, at) VALUES (?, ?, ?, ?)",
        (job_id, artifact, step, at),
    )


def checkpoints(db: Database, job_id: str) -> list[dict[str, Any]]:
    """Rows ``step, artifact, at``, in the order of steps."""
    return _rows(
        db,
        "SELECT step, artifact, at FROM checkpoints WHERE job_id = ? ORDER BY step",
        job_id,
    )


def log_lines(db: Database, job_id: str, limit: int = 200) -> list[dict[str, Any]]:
    """The last ``limit`` rows ``at, level, text``, the oldest first."""
    rows = db.conn.execute(
        "SELECT at, body FROM events WHERE job_id = ? AND type = 'log'"
        " ORDER BY attempt DESC, seq DESC LIMIT ?",
        (job_id, limit),
    ).fetchall()
    said = [(row["at"], json.loads(row["body"])) for row in reversed(rows)]
    return [{"at": at, "level": body["level"], "text": body["text"]} for at, body in said]


def text(db: Database, job_id: str, attempt: int) -> str:
    """All that the attempt has written so far."""
    rows = db.conn.execute(
        "SELECT body FROM events WHERE job_id = ? AND attempt = ? AND type = 'token' ORDER BY seq",
        (job_id, attempt),
    )
    return "".join(json.loads(row["body"])["text"] for row in rows)


def _rows(db: Database, sql: str, job_id: str) -> list[dict[str, Any]]:
    return [dict(row) for row in db.conn.execute(sql, (job_id,))]
