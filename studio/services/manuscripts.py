"""Importing manuscripts and looking at them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from studio.domain.jobs import Job
from studio.domain.manuscripts import Decisions, Manuscript
from studio.domain.outlines import Part
from studio.domain.records import ManuscriptRecord, Sample
from studio.domain.specs import ImportSpec, NamedFile
from studio.errors import StudioError
from studio.language import _, n_
from studio.plugins import discover
from studio.services import jobs
from studio.services.context import db, store
from studio.settings import settings
from studio.store import database, manuscripts
from studio.text import filesets, ordering
from studio.text import outline as outlines
from studio.text.engine import CONTENT, ORIGINAL
from studio.text.filesets import FileSet
from studio.text.importing import read_manuscript


def found_at(path: Path) -> FileSet:
    """The files at a path: a file, a zip, a folder, a Scrivener project.

    Raises:
        StudioError: there is nothing that can be read, or too much.
    """
    return filesets.expand_path(path)


def uploaded(name: str, data: bytes) -> FileSet:
    """The files of an upload: those in it if it is a zip, else the upload itself.

    Raises:
        StudioError: a zip that is damaged, unsafe, too large, or holds nothing to read.
    """
    return filesets.expand(name, data)


def joined(name: str, given: Sequence[FileSet]) -> FileSet:
    """The files of several sets as one set of this name, in reading order."""
    return filesets.joined(name, given)


def reordered(files: FileSet, names: Sequence[str]) -> FileSet:
    """The set in the order of these names, to be brought in together.

    Raises:
        StudioError: the names are not exactly those of its files, each once.
    """
    return filesets.reordered(files, names)


def are_chapters(names: Sequence[str]) -> bool:
    """Whether files are called as parts of one book are."""
    return ordering.are_chapters(names)


def common_title(names: Sequence[str]) -> str:
    """What several files of one book may be called together; empty where nothing tells."""
    return ordering.common_title(names)


def content(path: Path) -> bytes:
    """The bytes of a file that a person named.

    Raises:
        StudioError: it cannot be read, or is too large to be a manuscript.
    """
    return filesets.content(path)


def bring_in(given: Sequence[FileSet], *, together: bool = False, footnotes: bool = False) -> Job:
    """Read the files of these sets as manuscripts, each by itself or each set ``together`` as
    one; a job. ``imported``, ``refused`` and ``notes`` tell what came of it.

    Raises:
        StudioError: no file was given, or one cannot be kept.
    """
    if not given:
        raise StudioError(
            _("There is nothing to bring in."),
            _("No file is chosen."),
            _("Choose at least one file with a manuscript in it."),
        )
    kept = [
        NamedFile(name=name, artifact=_put(data))
        for each in given
        for name, data in (_as_one(each) if together else _one_by_one(each))
    ]
    notes = tuple(note for each in given for note in each.notes)
    spec = ImportSpec(files=tuple(kept), notes=notes, footnotes=footnotes)
    title = n_("Read {name}", "Read {n} files", len(kept)).format(name=kept[0].name, n=len(kept))
    return jobs.submit(spec, title=title, key=f"import:{spec.model_dump_json()}")


def _as_one(files: FileSet) -> Iterator[tuple[str, bytes]]:
    return _one_by_one(files) if len(files.files) == 1 else iter([filesets.packed(files)])


def _one_by_one(files: FileSet) -> Iterator[tuple[str, bytes]]:
    return ((file.name, file.read()) for file in files.files)


def _put(data: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ORIGINAL).write_bytes(data)
        return store().put(Path(folder))


def imported(job: Job) -> list[ManuscriptRecord]:
    """The manuscripts that a job has read, in the order of its files."""
    found = (manuscripts.of_artifact(db(), a) for a in (job.result or {}).get("manuscripts", []))
    return [record for record in found if record]


def refused(job: Job) -> list[StudioError]:
    """What was wrong with the files that a job could not read."""
    return [
        StudioError(said["what"], said["why"], said["remedy"])
        for said in (job.result or {}).get("refused", [])
    ]


def notes(job: Job) -> list[str]:
    """What a job left out of the folders and zips that it was given, in sentences."""
    return list((job.result or {}).get("notes", []))


def endings() -> list[str]:
    """The endings of the file names that can be brought in."""
    return [e for reader in discover("studio.text.readers").values() for e in reader.endings]


def samples() -> list[Sample]:
    """The manuscripts that ship with the studio."""
    found = []
    for path in sorted(settings().samples.glob("*.txt")):
        manuscript = read_manuscript(path.name, path.read_bytes())
        found.append(
            Sample(kind=path.stem, title=manuscript.title, language=manuscript.language, path=path)
        )
    return found


def bring_in_sample(kind: str) -> Job:
    """Bring in the sample of this kind (the stem of its file)."""
    path = settings().samples / f"{kind}.txt"
    if path not in settings().samples.glob("*.txt"):
        raise StudioError(
            _("There is no sample manuscript called {kind}.").format(kind=kind),
            _("It is not among the files in {folder}.").format(folder=settings().samples),
            _("Choose one of the samples on the Manuscripts page."),
        )
    return bring_in([found_at(path)])


def list_all() -> list[ManuscriptRecord]:
    """The newest first."""
    return manuscripts.select(db())


def get(manuscript_id: str) -> ManuscriptRecord:
    record = manuscripts.get(db(), manuscript_id)
    if record is None:
        raise StudioError(
            _("This manuscript is not in the studio."),
            _("No manuscript has the id {id}.").format(id=manuscript_id),
            _("Choose one from the Manuscripts page, or import it."),
        )
    return record


def manuscript(manuscript_id: str) -> Manuscript:
    """The cleaned text with its chapters."""
    folder = store().fetch(get(manuscript_id).artifact)
    return Manuscript.model_validate_json((folder / CONTENT).read_bytes())


def reread(manuscript_id: str, decisions: Decisions, footnotes: bool = False) -> Job:
    """Read the original again with the writer's decisions: a new version, as a job."""
    known = get(manuscript_id)
    spec = ImportSpec(
        files=(NamedFile(name=known.file, artifact=known.original),),
        footnotes=footnotes,
        decisions=decisions,
        family=known.family,
    )
    title = _("Read {name} again").format(name=known.title)
    return jobs.submit(spec, title=title, key=f"import:{spec.model_dump_json()}")


def outline(manuscript_id: str) -> tuple[Part, ...]:
    """Parts, chapters and scenes, with their places in the cleaned text."""
    return outlines.outline(manuscript(manuscript_id))


def versions(manuscript_id: str) -> list[ManuscriptRecord]:
    """All versions of a manuscript, the newest first."""
    return manuscripts.versions(db(), get(manuscript_id).family)


def delete(manuscript_id: str) -> None:
    """Take a manuscript off the page; ``restore`` brings it back."""
    _mark(manuscript_id, time.time())


def restore(manuscript_id: str) -> None:
    _mark(manuscript_id, None)


def _mark(manuscript_id: str, deleted_at: float | None) -> None:
    family = get(manuscript_id).family
    with database.write(db()) as connection:
        manuscripts.mark(connection, family, deleted_at)
