"""Opens the database, brings its schema up to date, and guards read-then-write."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from studio.errors import Unwritten
from studio.language import _

GROUPS = (
    "jobs",
    "events",
    "manuscripts",
    "datasets",
    "changes",
    "models",
    "adapters",
    "lore",
    "stories",
    "plans",
)
"""Table groups in the order of their migrations; each is a module with ``migrations``."""
BUSY_SECONDS = 40.0
"""How long a writer waits while another holds the lock: half a minute, and what that costs."""
AGAIN = 0.01
"""Seconds until SQLite is asked again what it refused at once."""
CURABLE = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
)
"""What a person can do something about, or only has to wait for."""


def connect(path: Path) -> Database:
    """A connection for one thread: WAL, busy timeout, foreign keys on.

    ``synchronous`` is FULL: a committed row survives a power cut, not only a crash.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    connection.row_factory = sqlite3.Row
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return Database(connection)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Two that open a new file at once would wait for each other, so that SQLite refuses one of
    them without waiting, whatever its timeout ("Deadlock" in sqlite3_busy_handler's manual)."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as problem:
            is_busy = problem.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > until:
                raise
        time.sleep(AGAIN)


@contextmanager
def write(db: Database) -> Iterator[Database]:
    """A transaction that takes the write lock at once, so that what was read stays true.

    Raises:
        Unwritten: another process held the lock all the time, or the disk is full.
    """
    try:
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.conn.commit()
        except BaseException:
            db.conn.rollback()
            raise
    except sqlite3.OperationalError as problem:
        if getattr(problem, "sqlite_errorcode", 0) & 0xFF not in CURABLE:
            raise
        raise Unwritten(
            _("The studio could not write this down. What was there is as it was."),
            _("Its database answered: {problem}.").format(problem=problem),
            _("Check that the disk is not full, wait a moment and try again."),
        ) from problem


def migration_sets() -> list[Migrations]:
    return [import_module(f"studio.store.{group}").migrations for group in GROUPS]


def migrate(db: Database) -> None:
    """Apply what is pending, all or nothing; safe when two processes start together."""
    if not any(found.pending(db) for found in migration_sets()):
        return
    with write(db):
        for found in migration_sets():
            found.apply(db)


def open_database(path: Path) -> Database:
    """``connect`` and ``migrate``."""
    db = connect(path)
    migrate(db)
    return db
