"""One upload or folder as the files that are in it, in the order in which a person reads them."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from studio.errors import StudioError
from studio.language import _
from studio.plugins import discover
from studio.text import ordering
from studio.text.archives import LARGEST_MEMBER, LARGEST_TOTAL, MOST_MEMBERS, Archive, pack
from studio.text.composition import listed, named

ZIP = ".zip"
PROJECT = ".scriv"
BINDER = ".scrivx"
PROJECT_FILES = (BINDER, ".rtf", ".txt", ".comments")
"""Endings of what the reader of a project needs."""
QUIET = frozenset({"__macosx", "thumbs.db", "desktop.ini", "icon\r"})
"""What systems put beside a writer's files, besides what begins with a dot."""


class Member(NamedTuple):
    """A file of a set. ``read()`` gives its bytes, or raises StudioError."""

    name: str
    read: Callable[[], bytes]


class FileSet(NamedTuple):
    name: str
    files: tuple[Member, ...]
    """In the order in which they are read."""
    notes: tuple[str, ...]
    """What was left out, and what is not certain."""

    @property
    def names(self) -> list[str]:
        return [file.name for file in self.files]


def expand(name: str, data: bytes) -> FileSet:
    """The files of an upload: those in it if it is a zip, else the upload itself.

    A Scrivener project in a zip is one file, named ``….scriv``.

    Raises:
        StudioError: a zip that is damaged, unsafe, too large, or holds nothing to read.
    """
    if PurePosixPath(name).suffix.lower() != ZIP:
        return FileSet(name, (Member(name, lambda: data),), ())
    archive = Archive(name, data)
    files = {member: partial(archive.read, member) for member in archive.names}
    found = _sorted_out(name, files, [], archive.ordered)
    return found._replace(notes=(*found.notes, *filter(None, [archive.doubt])))


def expand_path(path: Path) -> FileSet:
    """The files at a path: a file, a zip, a folder, or a Scrivener project.

    Links in a folder are not followed.

    Raises:
        StudioError: nothing there that can be read, or too much.
    """
    if not path.is_dir():
        return expand(path.name, content(path))
    links: list[str] = []
    found = {name: partial(content, path / name) for name in _walk(path, links)}
    if _is_project(path.name):
        return FileSet(path.name, (Member(path.name, partial(_packed, "", found)),), ())
    return _sorted_out(path.name, found, links)


def content(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        StudioError: it cannot be read, or is larger than any manuscript is.
    """
    most = LARGEST_TOTAL if path.suffix.lower() == ZIP else LARGEST_MEMBER
    try:
        size = path.stat().st_size
        data = b"" if size > most else path.read_bytes()
    except OSError as problem:
        raise StudioError(
            _("The file {file} cannot be read.").format(file=path),
            _("The system says: {problem}.").format(problem=problem.strerror),
            _("Check its name and that you may read it."),
        ) from problem
    if size > most:
        raise StudioError(
            _("The file {file} is too large.").format(file=path.name),
            _("It has {size} MB; a long novel has about 2.").format(size=size // 1_000_000),
            _("Save the text alone, without pictures, as .docx or .txt, then import that."),
        )
    return data


def joined(name: str, sets: Sequence[FileSet]) -> FileSet:
    """Several sets as one of this name, in the order in which a person reads them. Where there
    is more than one set, files of a zip are called after it too."""
    members: dict[str, Member] = {}
    for each in sets:
        whole = len(sets) == 1 or len(each.files) == 1
        before = "" if whole else f"{PurePosixPath(each.name).stem}/"
        for file in each.files:
            free = _free(before + file.name, members)
            members[free] = Member(free, file.read)
    order = list(members) if len(sets) == 1 else ordering.in_order(members)
    files = tuple(members[name] for name in order)
    return FileSet(name, files, tuple(note for each in sets for note in each.notes))


def reordered(files: FileSet, names: Sequence[str]) -> FileSet:
    """The set in the order of these names of its files.

    Raises:
        StudioError: the names are not exactly those of its files, each once.
    """
    known = {file.name: file for file in files.files}
    wanted = [unicodedata.normalize("NFC", name) for name in names]
    missing = [name for name in known if name not in wanted]
    strange = [name for n, name in enumerate(wanted) if name not in known or name in wanted[:n]]
    if missing or strange:
        raise StudioError(
            _("“{name}” cannot be read in this order.").format(name=files.name),
            _("The order leaves out: {names}.").format(names=listed(sorted(missing)))
            if missing
            else _("The order names what is not there, or twice: {names}.").format(
                names=listed(sorted(strange))
            ),
            _("Name each of its {count} files once.").format(count=len(known)),
        )
    return files._replace(files=tuple(known[name] for name in wanted))


def packed(files: FileSet) -> tuple[str, bytes]:
    """The whole set as one zip, which the reader of zips makes one manuscript of in this order.

    Raises:
        StudioError: a file of the set cannot be read.
    """
    plain = PurePosixPath(files.name)
    name = f"{plain.stem if plain.suffix.lower() == ZIP else plain}{ZIP}"
    return name, pack(((file.name, file.read()) for file in files.files), ordered=True)


def _free(name: str, taken: Container[str]) -> str:
    """The name, or one like it that no other file of the set has."""
    path, number, free = PurePosixPath(name), 1, name
    while free in taken:
        number += 1
        free = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
    return free


def _sorted_out(
    name: str, files: Mapping[str, Callable[[], bytes]], links: list[str], ordered: bool = False
) -> FileSet:
    """The files that a reader knows, and notes on the others."""
    seen = {member: read for member, read in files.items() if not _is_quiet(member)}
    projects = _projects(name, seen)
    members = [
        Member(called, partial(_packed, project, seen)) for project, called in projects.items()
    ]
    known = {e for r in discover("studio.text.readers").values() for e in r.endings}
    known -= {ZIP}
    others: list[str] = []
    for member, read in seen.items():
        if any(member.startswith(project) for project in projects):
            continue
        if PurePosixPath(member).suffix.lower() in known:
            members.append(Member(member, read))
        else:
            others.append(member)
    if not members:
        _refuse_empty(name, others)
    by_name: dict[str, Member] = {}
    for each in members:
        # What a system that takes letters and accents apart calls a file is the same to a reader.
        free = _free(unicodedata.normalize("NFC", each.name), by_name)
        by_name[free] = Member(free, each.read)
    order = list(by_name) if ordered else ordering.in_order(by_name)
    files_in_order = tuple(by_name[member] for member in order)
    unread = _("Left out, because the studio does not read such files: {names}.")
    elsewhere = _("Left out, because they are links to somewhere else: {names}.")
    notes = (*named(unread, sorted(others)), *named(elsewhere, sorted(links)))
    return FileSet(name, files_in_order, notes)


def _is_quiet(member: str) -> bool:
    return any(p.startswith(".") or p.lower() in QUIET for p in PurePosixPath(member).parts)


def _is_project(name: str) -> bool:
    return name.lower().endswith(PROJECT)


def _projects(name: str, members: Iterable[str]) -> dict[str, str]:
    """The projects among these files: what the names of their files begin with, and what they
    are called. Their folder may have any name, or be the zip itself."""
    projects: dict[str, str] = {}
    binders = (m for m in members if m.lower().endswith(BINDER))
    for binder in sorted(binders, key=lambda m: m.count("/")):
        folder = PurePosixPath(binder).parent
        inside = "" if folder == PurePosixPath() else f"{folder}/"
        if any(inside.startswith(project) for project in projects):
            continue
        called = str(folder) if inside else PurePosixPath(name).stem
        of_binder = PurePosixPath(binder).with_suffix(PROJECT)
        projects[inside] = called if _is_project(called) else str(of_binder)
    return projects


def _packed(project: str, files: Mapping[str, Callable[[], bytes]]) -> bytes:
    """The files of a project that hold its text, as one zip."""
    inside = {
        member: read
        for member, read in files.items()
        if member.startswith(project) and member.lower().endswith(PROJECT_FILES)
    }
    return pack((member, inside[member]()) for member in sorted(inside))


def _walk(folder: Path, links: list[str]) -> Iterator[str]:
    """Names of the files below a folder, as ``part/chapter.txt``."""
    total = count = 0
    for place, folders, names in os.walk(folder):
        links += [name for name in folders if (Path(place) / name).is_symlink()]
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                links.append(name)
                continue
            count, total = count + 1, total + status.st_size
            if count > MOST_MEMBERS or total > LARGEST_TOTAL:
                _refuse_large(folder)
            yield path.relative_to(folder).as_posix()


def _refuse_empty(name: str, others: list[str]) -> None:
    readers = discover("studio.text.readers").values()
    known = ", ".join(e for r in readers for e in r.endings if e != ZIP)
    raise StudioError(
        _("“{name}” holds no manuscript.").format(name=name),
        _("It has these files: {names}.").format(names=listed(sorted(others)))
        if others
        else _("It has no files at all."),
        _("The studio reads {known}; put files of these kinds in it.").format(known=known),
    )


def _refuse_large(folder: Path) -> None:
    raise StudioError(
        _("The folder “{name}” is too large.").format(name=folder.name),
        _("It holds more than {count} files or {size} MB.").format(
            count=MOST_MEMBERS, size=LARGEST_TOTAL >> 20
        ),
        _("Choose the folder with the manuscript alone, without pictures and backups."),
    )
