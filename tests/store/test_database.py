"""A transaction is whole or nothing, whatever stands in its way."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from studio.store.database import connect, write


def test_what_cannot_be_committed_is_as_it_was(tmp_path: Path) -> None:
    db = connect(tmp_path / "a.db")
    db.conn.execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")
    db.conn.execute("CREATE TABLE b (a INTEGER REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(sqlite3.IntegrityError), write(db):
        db.conn.execute("INSERT INTO b VALUES (1)")
    with write(db):
        db.conn.execute("INSERT INTO a VALUES (1)")
    assert not db.conn.execute("SELECT * FROM b").fetchall()
