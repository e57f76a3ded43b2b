"""Files that arrive whole or not at all on a local disk: aside, forced down, moved, vouched for."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.jobs.manifests import File, Manifest

BLOCK = 1 << 20
INCOMING = ".incoming"
LOCK = ".lock"


@contextmanager
def incoming(place: Path) -> Iterator[Path]:
    """A folder for what is not whole yet; a file beside it is locked while its process lives."""
    (place / INCOMING).mkdir(parents=True, exist_ok=True)
    while True:
        staging = place / INCOMING / secrets.token_hex(8)
        vouched = staging.with_suffix(LOCK)
        with vouched.open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not vouched.exists():
                continue  # swept before it was locked
            try:
                staging.mkdir()
                yield staging
            finally:
                shutil.rmtree(staging, ignore_errors=True)
                vouched.unlink(missing_ok=True)
            return


def sweep(place: Path) -> None:
    """Remove what a process that was killed while filing left behind."""
    for found in (place / INCOMING).glob("*"):
        staging = found.with_suffix("")
        try:
            with staging.with_suffix(LOCK).open("r+b") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(staging, ignore_errors=True)
                staging.with_suffix(LOCK).unlink(missing_ok=True)
        except FileNotFoundError:  # its lock is made before it and goes after it
            shutil.rmtree(staging, ignore_errors=True)
        except OSError:
            continue  # its process lives


def copy(source: Path, target: Path, folder: Path) -> File:
    """Copy, hash what was copied and force it to the disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(BLOCK):
            writer.write(block)
            digest.update(block)
            size += len(block)
        writer.flush()
        os.fsync(writer.fileno())
    target.chmod(0o444)
    path = source.relative_to(folder).as_posix()
    return File(path=path, size=size, sha256=digest.hexdigest())


def settle(staging: Path, place: Path, manifest: Manifest) -> None:
    """Move whole files into place, then write the manifest.

    Another process may have put the same content there first: then its files are kept.
    """
    if not (place / "files").exists():
        place.mkdir(parents=True, exist_ok=True)
        try:
            (staging / "files").rename(place / "files")
        except OSError as problem:
            if problem.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    sync(place)
    if not (place / "manifest.json").exists():
        write(place / "manifest.json", manifest.model_dump_json(indent=1).encode())
    sync(place.parent)


def write(path: Path, content: bytes) -> None:
    """A file that is whole or not there, forced to the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Force a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
