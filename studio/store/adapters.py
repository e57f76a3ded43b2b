"""Trained adapters with their lineage, and how their conversions were verified."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.domain.records import AdapterRecord, Verification
from studio.store import rows

migrations = Migrations("adapters")


@migrations()
def m001_adapters(db: Database) -> None:
    db.conn.execute(
        """
        CREATE TABLE adapters (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, artifact TEXT NOT NULL, job_id TEXT NOT NULL,
            model TEXT NOT NULL, dataset TEXT NOT NULL, language TEXT NOT NULL,
            nll_before REAL, nll_after REAL, facts TEXT NOT NULL,
            created_at REAL NOT NULL, deleted_at REAL
        ) STRICT
        """
    )
    db.conn.execute(
        """
        CREATE TABLE verifications (
            job_id TEXT PRIMARY KEY, adapter TEXT NOT NULL, gguf_base TEXT NOT NULL,
            gguf_adapter TEXT NOT NULL, max_abs_logit_diff REAL NOT NULL,
            top1_agreement REAL NOT NULL, created_at REAL NOT NULL
        ) STRICT
        """
    )


@migrations()
def m002_registry(db: Database) -> None:
    """A voice need not be taught here, so its dataset may be unknown; SQLite changes such a
    column only by making the table anew."""
    db.conn.execute(
        """
        CREATE TABLE adapters_new (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, artifact TEXT NOT NULL, job_id TEXT NOT NULL,
            model TEXT NOT NULL, dataset TEXT, language TEXT NOT NULL,
            nll_before REAL, nll_after REAL, facts TEXT NOT NULL,
            created_at REAL NOT NULL, deleted_at REAL,
            tags TEXT NOT NULL DEFAULT '[]', note TEXT NOT NULL DEFAULT '',
            favourite INTEGER NOT NULL DEFAULT 0, archived_at REAL,
            parents TEXT NOT NULL DEFAULT '[]'
        ) STRICT
        """
    )
    columns = (
        "id, name, artifact, job_id, model, dataset, language, nll_before, nll_after, facts, "
        "created_at, deleted_at"
    )
    db.conn.execute(f"INSERT INTO adapters_new ({columns}) SELECT {columns} FROM adapters")
    db.conn.execute("DROP TABLE adapters")
    db.conn.execute("ALTER TABLE adapters_new RENAME TO adapters")


@migrations()
def m003_within_its_base(db: Database) -> None:
    """A voice may be in the converted model itself, with no converted adapter beside it."""
    db.conn.execute(
        """
        CREATE TABLE verifications_new (
            job_id TEXT PRIMARY KEY, adapter TEXT NOT NULL, gguf_base TEXT NOT NULL,
            gguf_adapter TEXT, max_abs_logit_diff REAL NOT NULL,
            top1_agreement REAL NOT NULL, created_at REAL NOT NULL
        ) STRICT
        """
    )
    db.conn.execute("INSERT INTO verifications_new SELECT * FROM verifications")
    db.conn.execute("DROP TABLE verifications")
    db.conn.execute("ALTER TABLE verifications_new RENAME TO verifications")


def insert(db: Database, record: AdapterRecord) -> None:
    """An adapter that is made again is the same adapter; one that was deleted comes back."""
    rows.insert(db, "adapters", record, or_ignore=True)
    rows.set_columns(db, "adapters", record.id, [("deleted_at", None)])


def set_measured(
    db: Database, adapter_id: str, dataset: str, nll_before: float, nll_after: float
) -> None:
    """What was measured here takes the place of what an adapter's own lineage said."""
    db.conn.execute(
        """
        UPDATE adapters SET nll_before = ?, nll_after = ?,
            facts = json_set(facts, '$.measured_on', ?) WHERE id = ?
        """,
        [nll_before, nll_after, dataset, adapter_id],
    )


def get(db: Database, adapter_id: str) -> AdapterRecord | None:
    return rows.one(db, AdapterRecord, "SELECT * FROM adapters WHERE id = ?", [adapter_id])


def select(db: Database) -> list[AdapterRecord]:
    return rows.many(
        db,
        AdapterRecord,
        "SELECT * FROM adapters WHERE deleted_at IS NULL ORDER BY created_at DESC, id",
    )


def insert_verification(db: Database, record: Verification) -> None:
    rows.insert(db, "verifications", record, or_ignore=True)


def verifications(db: Database) -> list[Verification]:
    """The newest first."""
    return rows.many(
        db, Verification, "SELECT * FROM verifications ORDER BY created_at DESC, job_id"
    )
