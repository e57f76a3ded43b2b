"""The events table, and what pages read of it: metrics, samples, checkpoints, log, text."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.domain.events import Event

if TYPE_CHECKING:
    from numpy.typing import NDArray

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


def course(db: Database, job_id: str, name: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Steps, values and times (Unix seconds) of one measure, by step; a value that was no number
    is NaN. No row becomes an object on the way, so that a million of them take half a second."""
    import numpy

    cursor = db.conn.cursor()
    cursor.row_factory = None
    # SQLite has no NaN: what was none is NULL, which reads here as infinite.
    rows = cursor.execute(
        "SELECT step, ifnull(value, 9e999), at FROM metrics WHERE job_id = ? AND name = ?"
        " ORDER BY step",
        (job_id, name),
    )
    found = numpy.fromiter(chain.from_iterable(rows), float).reshape(-1, 3)
    steps, values, times = numpy.ascontiguousarray(found.T)
    return steps, numpy.where(numpy.isfinite(values), values, numpy.nan), times


class Measure(NamedTuple):
    """One measure of a run in short; ``at_best`` is its value at the step at which the held-out
    chapters surprised least. None where it was no number, or was not measured there."""

    first: float | None
    last: float | None
    at_best: float | None


def summary(db: Database, job_id: str) -> dict[str, Measure]:
    """Every measure of a job by its name."""
    names = db.conn.execute(_NAMES, {"job": job_id})
    best = db.conn.execute(
        "SELECT step FROM metrics WHERE job_id = ? AND name = 'nll_per_character' AND step > 0"
        " AND value IS NOT NULL ORDER BY value LIMIT 1",
        (job_id,),
    ).fetchone()
    at = best["step"] if best else None
    return {row["name"]: _measure(db, job_id, row["name"], at) for row in names.fetchall()}


# A walk from name to name: to read every row for its name takes long where there are a million.
_NAMES = """
    WITH RECURSIVE found (name) AS (
        SELECT min(name) FROM metrics WHERE job_id = :job
        UNION ALL
        SELECT (SELECT min(name) FROM metrics WHERE job_id = :job AND name > found.name)
        FROM found WHERE name IS NOT NULL
    )
    SELECT name FROM found WHERE name IS NOT NULL
"""


def _measure(db: Database, job_id: str, name: str, best: int | None) -> Measure:
    def value(choice: str, *given: object) -> float | None:
        row = db.conn.execute(
            f"SELECT value FROM metrics WHERE job_id = ? AND name = ? {choice}",
            (job_id, name, *given),
        ).fetchone()
        return row["value"] if row else None

    return Measure(
        value("ORDER BY step LIMIT 1"),
        value("ORDER BY step DESC LIMIT 1"),
        value("AND step = ?", best),
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
