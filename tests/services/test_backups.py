"""Backups: whole, while the studio writes; refused when damaged; nothing half done."""

from __future__ import annotations

import fcntl
import json
import shutil
import sqlite3
import threading
import zipfile
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.services import archive, backups, context, jobs, lore, manuscripts, stories
from studio.settings import Settings
from tests.running import running
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a studio that has read a manuscript."""
    data = tmp_path_factory.mktemp("imported") / "data"
    with running(data):
        jobs.wait(manuscripts.bring_in_sample("tide-clerk").id, PATIENCE)
    return data


@pytest.fixture
def full(imported: Path, home: Settings) -> Settings:
    """A studio with a manuscript, a story of two revisions and a lore entry."""
    shutil.copytree(imported, home.data, ignore=shutil.ignore_patterns("run", "broker"))
    story = stories.create("Harbour", "en", "The tide came in.")
    stories.save(story.id, "The tide came in. It stayed.")
    lore.add("character", "Oona", "Keeps the harbour's books.", ("the clerk",))
    return home


@pytest.fixture
def kept(full: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "kept.lorewright"
    backups.backup(path)
    return path


def _rewrite(path: Path, target: Path, **changes: bytes | None) -> Path:
    """A copy of a backup with members replaced (by name) or left out (None)."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = changes.get(Path(name).name.split(".")[0], old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def _listing(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if "run" not in p.parts}


def test_everything_comes_back(full: Settings, kept: Path) -> None:
    story = stories.list_all()[0]
    text = manuscripts.manuscript(manuscripts.list_all()[0].id).text
    stories.save(story.id, "Lost.")
    context.close()
    shutil.rmtree(full.data / "artifacts")
    found = backups.restore(kept)
    assert stories.get(story.id).text == "The tide came in. It stayed."
    assert [r.revision for r in stories.revisions(story.id)] == [2, 1]
    assert manuscripts.manuscript(manuscripts.list_all()[0].id).text == text
    assert [entry.name for entry in lore.list_all()] == ["Oona"]
    aside = sqlite3.connect(Path(found["replaced"]) / "studio.db")
    assert aside.execute("SELECT text FROM stories").fetchone() == ("Lost.",)


def test_a_backup_is_one_moment_of_a_database_that_is_written(
    full: Settings, tmp_path: Path
) -> None:
    story, over = stories.list_all()[0], threading.Event()

    def type_on() -> None:
        count = 0
        while not over.is_set():
            count += 1
            stories.save(story.id, "word " * count)
        context.close()

    writer = threading.Thread(target=type_on)
    writer.start()
    try:
        for number in range(3):
            backups.backup(tmp_path / f"{number}.lorewright")
    finally:
        over.set()
        writer.join()
    context.close()
    backups.restore(tmp_path / "2.lorewright")
    newest = stories.revisions(story.id)[0]
    assert (newest.revision, newest.text) == (
        stories.get(story.id).revision,
        stories.get(story.id).text,
    )


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_cut_short_is_refused(full: Settings, kept: Path, share: float) -> None:
    context.close()
    whole = kept.read_bytes()
    kept.write_bytes(whole[: int(len(whole) * share)])
    before = _listing(full.data)
    with pytest.raises(StudioError, match="damaged"):
        backups.restore(kept)
    assert _listing(full.data) == before


def test_one_changed_byte_is_found(full: Settings, kept: Path) -> None:
    context.close()
    whole = bytearray(kept.read_bytes())
    whole[len(whole) // 2] ^= 1
    kept.write_bytes(bytes(whole))
    with pytest.raises(StudioError, match="damaged"):
        backups.restore(kept)


def test_a_part_that_was_exchanged_is_found(full: Settings, kept: Path, tmp_path: Path) -> None:
    forged = _rewrite(kept, tmp_path / "forged", manuscript=b"{}")
    with pytest.raises(StudioError, match="was changed"):
        archive.read(forged)
    short = _rewrite(kept, tmp_path / "short", manuscript=None)
    with pytest.raises(StudioError, match="damaged"):
        archive.read(short)


@pytest.mark.parametrize("content", [b"", b"Once upon a time.", b"PK\x03\x04" + bytes(400)])
def test_a_foreign_file_is_refused(home: Settings, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "novel.zip"
    path.write_bytes(content)
    with pytest.raises(StudioError, match=r"novel\.zip"):
        backups.restore(path)
    assert not home.database.exists()


def test_a_zip_of_something_else_is_refused(home: Settings, tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("novel.txt", "Once.")
    with pytest.raises(StudioError, match="not a backup"):
        backups.restore(path)


def test_a_place_outside_of_the_studio_is_refused(kept: Path, tmp_path: Path) -> None:
    name = f"artifacts/{'0' * 64}/../../../evil"
    with zipfile.ZipFile(kept) as old, zipfile.ZipFile(tmp_path / "evil", "w") as new:
        contents = json.loads(old.read(archive.CONTENTS))
        contents["files"][name] = "0" * 64
        for member in old.namelist():
            new.writestr(
                member, old.read(member) if member != archive.CONTENTS else json.dumps(contents)
            )
        new.writestr(name, "x")
    with pytest.raises(StudioError, match="outside"):
        archive.read(tmp_path / "evil")


def test_a_newer_database_is_refused(full: Settings, kept: Path, tmp_path: Path) -> None:
    context.db().conn.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('jobs', 'm999', '')"
    )
    context.db().conn.commit()
    backups.backup(tmp_path / "newer")
    context.close()
    before = full.database.read_bytes()
    with pytest.raises(StudioError, match="newer version"):
        backups.restore(tmp_path / "newer")
    assert full.database.read_bytes() == before


def test_a_running_studio_is_left_alone(full: Settings, kept: Path) -> None:
    context.close()
    full.run.mkdir(exist_ok=True)
    with (full.run / "runner.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StudioError, match="running"):
            backups.restore(kept)


def test_an_open_page_is_enough_to_refuse(full: Settings, kept: Path) -> None:
    other = sqlite3.connect(full.database)
    other.execute("BEGIN IMMEDIATE")
    context.close()
    with pytest.raises(StudioError, match="running"):
        backups.restore(kept)
    other.close()
    assert not list(full.data.glob("replaced-*"))


def test_another_file_is_not_overwritten(full: Settings, tmp_path: Path) -> None:
    novel = tmp_path / "novel.txt"
    novel.write_text("My only copy.")
    with pytest.raises(StudioError, match="not a backup"):
        backups.backup(novel)
    assert novel.read_text() == "My only copy."
    assert list(tmp_path.glob(".*")) == []


def test_an_older_backup_is_replaced_when_the_new_one_is_whole(full: Settings, kept: Path) -> None:
    stories.create("Second", "en", "More.")
    backups.backup(kept)
    context.close()
    backups.restore(kept)
    assert {story.title for story in stories.list_all()} == {"Harbour", "Second"}


def test_what_is_missing_from_the_store_is_counted(full: Settings, tmp_path: Path) -> None:
    context.store().delete(manuscripts.list_all()[0].original)
    assert backups.backup(tmp_path / "b")["missing"] == 1
