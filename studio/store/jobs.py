"""The jobs table and the moves on it. Every change of state goes through ``move``."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.domain.jobs import Job, JobState, transition

migrations = Migrations("jobs")
JSON_COLUMNS = ("spec", "after", "behind", "result", "failure")
_SELECT = """
    SELECT *, (
        SELECT json_group_array(artifact) FROM (
            SELECT artifact FROM checkpoints
            WHERE job_id = jobs.id AND artifact IS NOT jobs.checkpoint
            ORDER BY step DESC, at DESC
        )
    ) AS earlier FROM jobs
"""
ALIVE = (JobState.WAITING, JobState.QUEUED, JobState.RUNNING, JobState.LOST)


@migrations()
def m001_jobs(db: Database) -> None:
    db.conn.execute(
        """
        CREATE TABLE jobs (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, queue TEXT NOT NULL, title TEXT NOT NULL,
            spec TEXT NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL DEFAULT 0,
            attempt INTEGER NOT NULL DEFAULT 1, losses INTEGER NOT NULL DEFAULT 0,
            key TEXT, after TEXT NOT NULL DEFAULT '[]',
            cancel_requested INTEGER NOT NULL DEFAULT 0,
            created_at REAL NOT NULL, queued_at REAL, started_at REAL, ended_at REAL,
            step INTEGER NOT NULL DEFAULT 0, steps INTEGER, unit TEXT NOT NULL DEFAULT '',
            note TEXT NOT NULL DEFAULT '', rate REAL, worker TEXT NOT NULL DEFAULT '',
            device TEXT NOT NULL DEFAULT '', checkpoint TEXT, result TEXT, failure TEXT
        ) STRICT
        """
    )
    db.conn.execute("CREATE INDEX jobs_by_state ON jobs (state, queue, priority DESC, queued_at)")
    # One job alive for one key: the second click finds the first click's job.
    db.conn.execute(
        """
        CREATE UNIQUE INDEX jobs_alive_by_key ON jobs (key)
        WHERE key IS NOT NULL AND state IN ('waiting', 'queued', 'running', 'lost')
        """
    )


@migrations()
def m002_behind(db: Database) -> None:
    db.conn.execute("ALTER TABLE jobs ADD COLUMN behind TEXT NOT NULL DEFAULT '[]'")


def job_of(row: Any) -> Job:
    values = dict(row)
    for column in (*JSON_COLUMNS, "earlier"):
        if values[column] is not None:
            values[column] = json.loads(values[column])
    return Job.model_validate(values)


def insert(db: Database, job: Job) -> None:
    values = job.model_dump(mode="json", exclude={"earlier"})
    for column in JSON_COLUMNS:
        if values[column] is not None:
            values[column] = json.dumps(values[column], ensure_ascii=False)
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    db.conn.execute(f"INSERT INTO jobs ({columns}) VALUES ({marks})", values)


def get(db: Database, job_id: str) -> Job | None:
    row = db.conn.execute(f"{_SELECT} WHERE id = ?", [job_id]).fetchone()
    return job_of(row) if row else None


def alive_with_key(db: Database, key: str) -> Job | None:
    row = db.conn.execute(
        f"{_SELECT} WHERE key = ? AND state IN ('waiting', 'queued', 'running', 'lost')",
        [key],
    ).fetchone()
    return job_of(row) if row else None


def select(
    db: Database,
    states: Sequence[JobState] = (),
    kinds: Sequence[str] = (),
    limit: int = 200,
) -> list[Job]:
    """The newest jobs first."""
    where, values = [], []
    for column, wanted in (("state", states), ("kind", kinds)):
        if wanted:
            where.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values += [str(w) for w in wanted]
    clause = f"WHERE {' AND '.join(where)}" if where else ""
    rows = db.conn.execute(
        f"{_SELECT} {clause} ORDER BY created_at DESC, id DESC LIMIT ?", [*values, limit]
    )
    return [job_of(row) for row in rows]


def move(db: Database, job_id: str, to: JobState, **changes: Any) -> Job:
    """Put a job into another state and change some of its columns with it.

    Call inside ``database.write``.

    Raises:
        IllegalTransition: no such step in the table of domain.jobs.
    """
    current = get(db, job_id)
    if current is None:
        raise KeyError(job_id)
    update(db, job_id, state=str(transition(current.state, to)), **changes)
    moved = get(db, job_id)
    assert moved is not None
    return moved


def update(db: Database, job_id: str, **changes: Any) -> None:
    """Change columns that are not the state."""
    for column in JSON_COLUMNS:
        if changes.get(column) is not None:
            changes[column] = json.dumps(changes[column], ensure_ascii=False)
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    db.conn.execute(f"UPDATE jobs SET {assignments} WHERE id = :id", {**changes, "id": job_id})


def ahead_of(db: Database, job: Job) -> int:
    """How many queued jobs of the same queue come before this one."""
    return int(
        db.conn.execute(
            """
            SELECT count(*) FROM jobs WHERE queue = ? AND state = 'queued' AND id <> ?
            AND (priority > ? OR (priority = ? AND queued_at < ?))
            """,
            [job.queue, job.id, job.priority, job.priority, job.queued_at or time.time()],
        ).fetchone()[0]
    )
