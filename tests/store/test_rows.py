import sqlite3
from pathlib import Path

import pytest

from studio.domain.lorebook import LoreEntry
from studio.domain.manuscripts import Chapter
from studio.domain.records import ManuscriptRecord, StoryRecord
from studio.store import lore, manuscripts, stories
from studio.store.database import connect, migrate, write


@pytest.fixture
def db(tmp_path: Path):
    found = connect(tmp_path / "studio.db")
    migrate(found)
    return found


def test_a_record_comes_back_as_it_was_stored(db) -> None:
    record = ManuscriptRecord(
        id="m",
        title="[1] {odd} title",
        language="zh",
        encoding="gb18030",
        words=0,
        characters=3,
        chapters=(Chapter(title="第一回", start=0, end=3),),
        notes=("joined",),
        artifact="a" * 64,
        original="b" * 64,
        family="m",
        created_at=1.5,
    )
    with write(db):
        manuscripts.insert(db, record)
    assert manuscripts.get(db, "m") == record
    assert manuscripts.select(db) == [record]


def test_a_write_that_fails_changes_nothing(db) -> None:
    story = StoryRecord(
        id="s", title="t", language="en", text="", revision=1, created_at=0, updated_at=0
    )

    def twice() -> None:
        with write(db):
            stories.insert(db, story)
            stories.insert(db, story)

    with pytest.raises(sqlite3.IntegrityError):
        twice()
    assert stories.select(db) == []


def test_what_lore_was_is_kept(db) -> None:
    entry = LoreEntry(
        id="e", type="place", name="Old", aliases=(), text="x", created_at=0, updated_at=0
    )
    with write(db):
        lore.insert(db, entry)
        lore.replace(db, entry.model_copy(update={"name": "New", "updated_at": 1}))
    assert [e.name for e in lore.select(db)] == ["New"]
    kept = db.conn.execute("SELECT name FROM lore_revisions").fetchall()
    assert [row["name"] for row in kept] == ["Old"]
