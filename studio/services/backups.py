"""Putting everything a writer made into one file, and bringing it back."""

from __future__ import annotations

import errno
import fcntl
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.jobs import broker
from studio.language import _
from studio.services import archive, context
from studio.services.archive import DATABASE, Contents
from studio.settings import settings
from studio.store import Database, database

PRECIOUS = (
    "SELECT artifact FROM manuscripts UNION SELECT original FROM manuscripts"
    " UNION SELECT id FROM datasets UNION SELECT artifact FROM adapters"
    " UNION SELECT id FROM ggufs WHERE adapter IS NOT NULL"
    " UNION SELECT checkpoint FROM jobs"
    " WHERE checkpoint IS NOT NULL AND state NOT IN ('finished', 'failed')"
    " UNION SELECT json_extract(spec, '$.extends') FROM jobs WHERE kind = 'train'"
    " AND json_extract(spec, '$.extends') IS NOT NULL AND state NOT IN ('finished', 'failed')"
)
"""What cannot be made again, or only in hours: also the checkpoint of a training that may go on."""
AGAIN = (
    "SELECT id FROM ggufs WHERE adapter IS NULL"
    " UNION SELECT json_extract(model, '$.name') FROM models"
    " WHERE json_extract(model, '$.source') = 'artifact'"
)
"""What can be fetched or converted again, and is large: base models and their conversions."""


def backup(path: Path, everything: bool = False) -> dict[str, Any]:
    """Write all that cannot be made again to one file, while the studio goes on running.

    ``everything`` takes the downloaded and converted base models along, too. Returns ``file``,
    ``bytes``, ``artifacts``, ``missing`` (not in the store any more) and ``left_out``.

    Raises:
        StudioError: the file exists and is something else, or cannot be written.
    """
    path = path.expanduser().resolve()
    _may_be_written(path)
    with _told(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as work:
        copy = Path(work) / DATABASE
        _copy_database(copy)
        precious, again = _ids(copy, PRECIOUS), _ids(copy, AGAIN)
        wanted = sorted(precious | again if everything else precious)
        present = [artifact for artifact in wanted if artifact in context.store()]
        contents = archive.write(
            path,
            _sources(copy, present),
            Contents(
                made_at=time.time(),
                files={},
                missing=tuple(sorted(set(wanted) - set(present))),
                left_out=tuple(sorted((precious | again) - set(wanted))),
            ),
        )
    return {"file": str(path), "bytes": path.stat().st_size, **_counts(contents)}


def _counts(contents: Contents) -> dict[str, int]:
    return {
        "artifacts": len(contents.artifacts),
        "missing": len(contents.missing),
        "left_out": len(contents.left_out),
    }


def _sources(copy: Path, artifacts: list[str]) -> Iterator[tuple[str, Path]]:
    yield DATABASE, copy
    for artifact in artifacts:
        folder = context.store().fetch(artifact)
        for file in sorted(f for f in folder.rglob("*") if f.is_file()):
            yield f"artifacts/{artifact}/{file.relative_to(folder).as_posix()}", file


def _copy_database(target: Path) -> None:
    """A copy of one moment, made while others write; checked, in one file without a WAL."""
    copy = sqlite3.connect(target)
    try:
        context.db().conn.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        (found,) = copy.execute("PRAGMA integrity_check").fetchone()
    finally:
        copy.close()
    if found != "ok":
        raise StudioError(
            _("The backup was not made."),
            _("The studio's own database is damaged: {found}.").format(found=found),
            _("Restore the last good backup; it keeps what is there now aside."),
        )


def _ids(path: Path, query: str) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        return {row[0] for row in connection.execute(query)}
    finally:
        connection.close()


def _may_be_written(path: Path) -> None:
    if path.exists() and not archive.is_backup(path):
        raise StudioError(
            _("The backup was not made."),
            _("{file} is there already and is not a backup.").format(file=path),
            _("Choose another name."),
        )
    if not path.parent.is_dir():
        raise StudioError(
            _("The backup was not made."),
            _("There is no folder {folder}.").format(folder=path.parent),
            _("Make the folder, or choose another one."),
        )


def restore(path: Path) -> dict[str, Any]:
    """Put a backup in the place of what is there, which is kept aside.

    Returns ``file``, ``artifacts``, ``missing``, ``left_out`` and ``replaced``: the folder with
    what was there before, or None.

    Raises:
        StudioError: the file is damaged or foreign, or the studio is running. Nothing is
            changed then.
    """
    path = path.expanduser().resolve()
    contents = archive.read(path)
    home = settings()
    with _told(path), _studio_closed():
        with tempfile.TemporaryDirectory(dir=home.data, prefix=".restore-") as work:
            fresh = _fresh_database(path, Path(work))
            _bring_artifacts(path, contents, Path(work))
            replaced = _set_aside()
            context.close()
            fresh.replace(home.database)
        for leftover in (broker.folder(home), home.run / "spool"):
            shutil.rmtree(leftover, ignore_errors=True)  # made again from the database
    aside = str(replaced) if replaced else None
    return {"file": str(path), "replaced": aside, **_counts(contents)}


def _fresh_database(path: Path, work: Path) -> Path:
    """The backup's database, brought up to this version's schema and ready to be moved in."""
    fresh = work / DATABASE
    archive.extract_database(path, fresh)
    try:
        db = database.connect(fresh)
        try:
            _refuse_newer(path, db)
            database.migrate(db)
            (found,) = db.conn.execute("PRAGMA integrity_check").fetchone()
            db.conn.execute("PRAGMA journal_mode = DELETE")
        finally:
            db.conn.close()
    except sqlite3.DatabaseError as problem:
        raise archive.damaged(path, str(problem)) from problem
    if found != "ok":
        raise archive.damaged(path, str(found))
    return fresh


def _refuse_newer(path: Path, db: Database) -> None:
    known = Database(memory=True)
    database.migrate(known)
    if _applied(db) - _applied(known):
        raise archive.newer(path)


def _applied(db: Database) -> set[tuple[str, str]]:
    return {(s.name, m.name) for s in database.migration_sets() for m in s.applied(db)}


def _bring_artifacts(path: Path, contents: Contents, work: Path) -> None:
    """Into the store, by content: what is there already stays, what is new harms nobody."""
    for artifact in contents.artifacts:
        if artifact in context.store():
            continue
        folder = work / artifact
        archive.extract(path, f"artifacts/{artifact}/", folder)
        stored = context.store().put(folder)
        if stored != artifact:
            context.store().delete(stored)
            raise archive.damaged(path, _("A part is not what its name says."))
        shutil.rmtree(folder)


def _set_aside() -> Path | None:
    """A copy of the present database, whole, in a folder of its own."""
    present = settings().database
    if not present.exists():
        return None
    folder = settings().data / f"replaced-{time.strftime('%Y%m%d-%H%M%S')}"
    folder.mkdir(parents=True)
    old = sqlite3.connect(present, timeout=1)
    try:
        old.execute("PRAGMA journal_mode = DELETE")  # the WAL goes into the file
    except sqlite3.DatabaseError as problem:
        if "locked" in str(problem):
            folder.rmdir()
            raise _running() from problem
    finally:
        old.close()
    for part in settings().data.glob(f"{present.name}*"):
        shutil.copy2(part, folder / part.name)
    return folder


@contextmanager
def _studio_closed() -> Iterator[None]:
    """Hold the runner's lock, so that no studio starts meanwhile.

    Raises:
        StudioError: one is running.
    """
    settings().run.mkdir(parents=True, exist_ok=True)
    with (settings().run / "runner.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _running() from None
        yield


def _running() -> StudioError:
    return StudioError(
        _("Nothing was restored."),
        _("The studio is running and would mix old and new."),
        _("Close the studio (Ctrl-C where it was started), then restore again."),
    )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Failures of the disk in a writer's words."""
    try:
        yield
    except OSError as problem:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StudioError(
            _("The backup {file} could not be written or read.").format(file=path),
            _("The disk is full.") if full else str(problem.strerror or problem),
            _("Free some space or choose another folder, then try again."),
        ) from problem
