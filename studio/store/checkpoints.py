"""Which checkpoints a training keeps, and which of them may go."""

from __future__ import annotations

from sqlite_utils import Database

SURPLUS = """
    SELECT job_id, artifact FROM (
        SELECT c.job_id, c.artifact, json_extract(j.spec, '$.keep_checkpoints') AS kept,
               row_number() OVER (
                   PARTITION BY c.job_id
                   ORDER BY coalesce(c.artifact = j.checkpoint, 0) DESC, c.step DESC, c.at DESC
               ) AS place
        FROM checkpoints AS c JOIN jobs AS j ON j.id = c.job_id
    ) WHERE place > kept AND artifact NOT IN (
        SELECT json_extract(spec, '$.extends') FROM jobs
        WHERE kind = 'train' AND state <> 'finished' AND json_extract(spec, '$.extends') <> ''
    ) ORDER BY job_id, place
"""
NEEDED = """
    SELECT artifact FROM checkpoints
    UNION SELECT checkpoint FROM jobs WHERE checkpoint IS NOT NULL
"""


def surplus(db: Database) -> list[tuple[str, str]]:
    """The pairs (job id, artifact) beyond what each job's ``keep_checkpoints`` asks for.

    The one that the job goes on from counts as the newest. A job without that wish keeps all,
    and what another training is to learn on from stays until that one has finished.
    """
    return [(row["job_id"], row["artifact"]) for row in db.conn.execute(SURPLUS)]


def discard(db: Database, found: list[tuple[str, str]]) -> None:
    """Take rows away, and note the artifacts that no row names any more.

    Call inside ``database.write``, with what ``surplus`` found there.
    """
    db.conn.executemany("DELETE FROM checkpoints WHERE job_id = ? AND artifact = ?", found)
    db.conn.executemany(
        f"INSERT OR IGNORE INTO discarded SELECT ?1 WHERE ?1 NOT IN ({NEEDED})",
        [(artifact,) for _job, artifact in found],
    )


def discarded(db: Database) -> list[str]:
    """The artifacts whose files may be removed: noted, and not saved anew since."""
    rows = db.conn.execute(
        f"SELECT artifact FROM discarded WHERE artifact NOT IN ({NEEDED}) ORDER BY artifact"
    )
    return [row["artifact"] for row in rows]


def forget(db: Database, artifact: str) -> None:
    """The artifact's files are gone."""
    db.conn.execute("DELETE FROM discarded WHERE artifact = ?", (artifact,))
