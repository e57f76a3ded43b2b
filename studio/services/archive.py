"""The file that a backup is: a zip with the database, the artifacts, and a list of it all.

The list (``contents.json``) has the sha256 of every other member. It is written last, and the
file gets its name only after it was read back whole: so a file with that name is a backup.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from studio.errors import StudioError
from studio.language import _

CONTENTS = "contents.json"
DATABASE = "studio.db"
FORMAT = 1
BLOCK = 1 << 20
MEMBER = re.compile(rf"{DATABASE}|artifacts/[0-9a-f]{{64}}/(?!.*(^|/)\.\.?(/|$))[^/\\\0].*")


class Contents(BaseModel):
    """``files`` maps each member to its sha256; ``missing`` are artifacts that were not there,
    ``left_out`` those that can be made again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lorewright: int = FORMAT
    made_at: float
    files: dict[str, str]
    missing: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def artifacts(self) -> list[str]:
        return sorted({name.split("/")[1] for name in self.files if name != DATABASE})


def write(path: Path, sources: Iterable[tuple[str, Path]], described: Contents) -> Contents:
    """Write a backup under ``path``, whole or not at all; its contents.

    ``sources`` are member names and the files to take; ``described.files`` is filled in.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with zipfile.ZipFile(draft, "x", zipfile.ZIP_STORED, allowZip64=True) as archive:
            files = {name: _add(archive, name, source) for name, source in sources}
            contents = described.model_copy(update={"files": files})
            archive.writestr(CONTENTS, contents.model_dump_json(indent=1))
        read(draft)
        with draft.open("rb") as stream:
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return contents


def _add(archive: zipfile.ZipFile, name: str, source: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as reader, archive.open(name, "w", force_zip64=True) as writer:
        while block := reader.read(BLOCK):
            digest.update(block)
            writer.write(block)
    return digest.hexdigest()


def is_backup(path: Path) -> bool:
    """Whether a file claims to be a backup, whole or not."""
    try:
        with zipfile.ZipFile(path) as archive:
            return CONTENTS in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def read(path: Path) -> Contents:
    """What is in a backup, after every byte of it was checked.

    Raises:
        StudioError: it is not a backup, is damaged, or was made by a newer studio.
    """
    with _opened(path) as archive:
        contents = _contents(archive, path)
        names = [name for name in archive.namelist() if name != CONTENTS]
        if sorted(names) != sorted(contents.files) or DATABASE not in names:
            raise damaged(path, _("Its list does not name what is in it."))
        for name, sha256 in contents.files.items():
            if not MEMBER.fullmatch(name):
                raise damaged(path, _("It names a place outside of the studio."))
            if _sha256(archive, name) != sha256:
                raise damaged(path, _("The part {name} was changed.").format(name=name))
    return contents


def extract(path: Path, prefix: str, folder: Path) -> None:
    """Write the members whose names begin with ``prefix`` below ``folder``, without it."""
    with _opened(path) as archive:
        for name in archive.namelist():
            if name.startswith(prefix) and MEMBER.fullmatch(name):
                _copy(archive, name, folder / name.removeprefix(prefix))


def extract_database(path: Path, target: Path) -> None:
    with _opened(path) as archive:
        _copy(archive, DATABASE, target)


def _copy(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer, BLOCK)


def _sha256(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _contents(archive: zipfile.ZipFile, path: Path) -> Contents:
    try:
        contents = Contents.model_validate_json(archive.read(CONTENTS))
    except KeyError:
        raise foreign(path) from None
    except ValidationError as problem:
        raise damaged(path, _("Its list cannot be read.")) from problem
    if contents.lorewright > FORMAT:
        raise newer(path)
    return contents


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip, with every way in which it can be unreadable told in a writer's words."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError:
        raise StudioError(
            _("The backup {file} was not restored.").format(file=path),
            _("There is no such file."),
            _("Check its name and folder."),
        ) from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as problem:
        if path.is_file() and not zipfile.is_zipfile(path) and not _begins_as_zip(path):
            raise foreign(path) from problem
        raise damaged(path, str(problem)) from problem


def _begins_as_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04"


def damaged(path: Path, why: str) -> StudioError:
    return StudioError(
        _("The backup {file} is damaged; nothing was changed.").format(file=path.name),
        why,
        _("Restore another backup, or fetch this one again from where you keep it."),
    )


def newer(path: Path) -> StudioError:
    return StudioError(
        _("The backup {file} was not restored.").format(file=path.name),
        _("It was made by a newer version of the studio."),
        _("Update the studio, then restore it."),
    )


def foreign(path: Path) -> StudioError:
    return StudioError(
        _("The file {file} is not a backup of the studio; nothing was changed.").format(
            file=path.name
        ),
        _("It does not have the parts that a backup has."),
        _("Choose a file that “python -m studio backup” wrote."),
    )
