"""What an artifact consists of: paths, sizes and hashes, and one id for all of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from studio.errors import Damaged
from studio.language import _


class File(BaseModel):
    """One file of an artifact: path with forward slashes, size in bytes, sha256 in hex."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    size: int
    sha256: str


class Manifest(BaseModel):
    """``id`` is the sha256, in hex, of the sorted list of paths, sizes and hashes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    files: tuple[File, ...]

    @classmethod
    def of(cls, files: list[File]) -> Manifest:
        ordered = tuple(sorted(files, key=lambda file: file.path))
        whole = hashlib.sha256()
        for file in ordered:
            whole.update(f"{file.path}\0{file.size}\0{file.sha256}\n".encode())
        return cls(id=whole.hexdigest(), files=ordered)

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


def files_of(folder: Path) -> list[Path]:
    """Every file beneath a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def described(path: Path, folder: Path) -> File:
    """A file of a folder as a manifest has it; reads all of it."""
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return File(path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=sha256)


def fingerprint(folder: Path, manifest: Manifest) -> str:
    """Sizes, times and numbers of the files, by which a change shows without reading them.

    Raises:
        FileNotFoundError: one of them is missing.
    """
    stats = [(file.path, (folder / file.path).stat()) for file in manifest.files]
    return json.dumps([(p, s.st_size, s.st_mtime_ns, s.st_ino) for p, s in stats])


def verify(folder: Path, manifest: Manifest) -> None:
    """Read all of the files.

    Raises:
        Damaged: one of them is not what was stored.
        FileNotFoundError: one of them is missing.
    """
    for file in manifest.files:
        if described(folder / file.path, folder) != file:
            raise Damaged(
                _("The stored file {file} is damaged.").format(file=folder / file.path),
                _("Its content is not what was stored under this name."),
                _("Make it again: run the step that made it once more."),
            )
