"""Brings a model from the Hub, file by file, and goes on where it was cut off."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

from studio.domain.events import Progressed
from studio.domain.specs import DownloadSpec
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.language import _
from studio.models.hub import (
    Listing,
    RemoteFile,
    connection_errors,
    explained,
    listing,
    pieces,
    wanted,
)
from studio.models.source import SOURCE, validate
from studio.settings import settings

LOOK = 0.25
"""Seconds between two looks for a request to stop, while another download is at it."""
TELL_EVERY = 0.5
"""Seconds between two reports of progress."""
SPARE_BYTES = 200_000_000
TRIES = 5
"""Broken connections in a row, without a byte between them, after which it gives up."""


@dataclass
class Transfer:
    """Counts the bytes of one download and tells of them; raises Stopped when asked to stop."""

    room: Workroom
    total: int
    done: int = 0
    note: str = ""
    _begun: float = 0.0
    _begun_at: int = 0
    _told: float = 0.0

    def start(self, done: int) -> None:
        self.done = self._begun_at = done
        self._begun = time.monotonic()
        self.tell()

    def advance(self, count: int) -> None:
        self.done += count
        if self.room.stopped():
            raise Stopped({"bytes": self.done})
        if time.monotonic() - self._told >= TELL_EVERY:
            self.tell()

    def tell(self) -> None:
        self._told = time.monotonic()
        spent = self._told - self._begun
        rate = (self.done - self._begun_at) / spent if spent > 0.1 else None
        self.room.emit(
            Progressed(step=self.done, steps=self.total, unit=_("bytes"), note=self.note, rate=rate)
        )


def run(spec: DownloadSpec, room: Workroom) -> dict[str, Any]:
    """Fetch the safetensors, settings and tokenizer of a repository at one commit.

    What has arrived stays in the cache folder when the work is cut off, and is not fetched
    again. The result has ``model`` (artifact id), ``revision`` (commit) and ``bytes``.

    Raises:
        StudioError: no network, no such model or revision, not allowed, no room on the
            disk, or a model that cannot be used here.
        Stopped: on request.
    """
    with gathered(spec, room) as (folder, found):
        (folder / SOURCE).write_text(
            json.dumps({"repository": spec.repository, "revision": found.commit}), encoding="utf-8"
        )
        return _deliver(spec, room, folder, found)


@contextmanager
def gathered(
    spec: DownloadSpec, room: Workroom, is_wanted: Callable[[str], bool] = wanted
) -> Iterator[tuple[Path, Listing]]:
    """A folder of this body's own with the wanted files of a repository at one commit.

    Raises:
        StudioError: no network, no such repository or revision, not allowed, no room.
        Stopped: on request.
    """
    with explained(spec):
        found = listing(spec, is_wanted)
    with _alone(partial_folder(spec, found), room) as folder:
        with explained(spec):
            _gather(folder, found, Transfer(room, found.bytes))
        yield folder, found


def partial_folder(spec: DownloadSpec, found: Listing) -> Path:
    """Where the files of one commit gather, the same on every attempt."""
    name = spec.repository.replace("/", "--")
    return settings().cache / "downloads" / name / found.commit


@contextmanager
def _alone(folder: Path, room: Workroom) -> Iterator[Path]:
    """The folder, made if need be, once no other download works in it.

    The system lets go of the lock of a process that was killed.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    if not _taken(lock, 0):
        note = _("Waits for another download of the same model.")
        room.emit(Progressed(step=0, unit=_("bytes"), note=note))
        while not _taken(lock, LOOK):
            if room.stopped():
                raise Stopped({"bytes": 0})
    try:
        folder.mkdir(exist_ok=True)
        yield folder
    finally:
        lock.release()


def _taken(lock: BaseFileLock, seconds: float) -> bool:
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        return False
    return True


def _gather(folder: Path, found: Listing, transfer: Transfer) -> None:
    _check_room(folder, found)
    transfer.start(sum(_present(folder, file) for file in found.files))
    for file in found.files:
        transfer.note = file.name
        _fetch(folder, file, transfer)
    transfer.tell()


def _deliver(spec: DownloadSpec, room: Workroom, folder: Path, found: Listing) -> dict[str, Any]:
    try:
        facts = validate(folder)
    except StudioError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    identity = {
        "repository": spec.repository,
        "revision": found.commit,
        "bytes": facts.bytes,
        "licence": found.licence,
    }
    artifact = room.produce(
        "model", folder, spec.repository, identity | {"model_facts": facts.model_dump(mode="json")}
    )
    shutil.rmtree(folder, ignore_errors=True)
    return {"model": artifact, **identity}


def _check_room(folder: Path, found: Listing) -> None:
    """Twice what is to come: the store takes a copy before the cache lets go of its own."""
    missing = found.bytes - sum(_present(folder, file) for file in found.files)
    needed = missing + found.bytes + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StudioError(
            _("The disk has no room for this model."),
            _("It needs {needed:.1f} GB while it arrives, and {free:.1f} GB are free.").format(
                needed=needed / 1e9, free=free / 1e9
            ),
            _("Free some space, or choose a smaller model."),
        )


def _unfinished(folder: Path, file: RemoteFile) -> Path:
    return folder / f"{file.name}.unfinished"


def _present(folder: Path, file: RemoteFile) -> int:
    """Bytes of a file that are already here."""
    for path in (folder / file.name, _unfinished(folder, file)):
        if path.is_file():
            return min(file.size, path.stat().st_size)
    return 0


def _fetch(folder: Path, file: RemoteFile, transfer: Transfer) -> None:
    if (folder / file.name).is_file():
        return
    path = _unfinished(folder, file)
    path.touch()
    failures = 0
    while (here := path.stat().st_size) < file.size:
        try:
            _receive(path, file, transfer)
        except connection_errors():
            failures = 0 if path.stat().st_size > here else failures + 1
            if failures == TRIES:
                raise
            time.sleep(failures)
    _check_whole(path, file)
    path.rename(folder / file.name)


def _receive(path: Path, file: RemoteFile, transfer: Transfer) -> None:
    """Add to ``path`` what is missing of the file, until it is whole or the line breaks."""
    with path.open("r+b") as target:
        have = target.seek(0, 2)
        with pieces(file, have) as (start, content):
            if start < have:
                target.seek(start)
                target.truncate()
                transfer.done -= have - start
            for piece in content:
                target.write(piece)
                transfer.advance(len(piece))


def _check_whole(path: Path, file: RemoteFile) -> None:
    if path.stat().st_size == file.size and file.sha256 is None:
        return
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != file.sha256:
        path.unlink()
        raise StudioError(
            _("The file {name} arrived damaged.").format(name=file.name),
            _("Its content is not what the Hub says it should be."),
            _("Start the download again; only this file is fetched anew."),
        )
