"""Reads files as manuscripts: each is understood, cleaned and kept, or refused in plain words."""

from __future__ import annotations

import shutil
import time
from typing import Any

from studio.domain.events import LogLine, Progressed
from studio.domain.manuscripts import Manuscript
from studio.domain.specs import ImportSpec, NamedFile
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.language import _
from studio.text.importing import read_manuscript, reader_of

CONTENT = "manuscript.json"
ORIGINAL = "original"


def run(spec: ImportSpec, room: Workroom) -> dict[str, Any]:
    """Read each file. The result has ``manuscripts`` (artifact ids, in the order of the files),
    ``refused`` (``name, what, why, remedy`` of each file that is none) and ``notes``.

    Raises:
        StudioError: the only file there is cannot be read as a manuscript.
        Stopped: the writer asked to stop; what was read by then is kept.
    """
    done: dict[str, Any] = {"manuscripts": [], "refused": [], "notes": list(spec.notes)}
    began = time.monotonic()
    for number, file in enumerate(spec.files, 1):
        if room.stopped():
            raise Stopped(done)
        data = (room.fetch(file.artifact) / ORIGINAL).read_bytes()
        try:
            manuscript = read_manuscript(file.name, data, spec.decisions, _options(spec, file.name))
        except StudioError as problem:
            if len(spec.files) == 1:
                raise
            done["refused"].append(_refused(file, problem, room))
        else:
            done["manuscripts"].append(_keep(file, spec.family, manuscript, room))
        rate = number / max(1e-6, time.monotonic() - began)
        room.emit(
            Progressed(
                step=number, steps=len(spec.files), unit=_("files"), note=file.name, rate=rate
            )
        )
    return done


def _options(spec: ImportSpec, name: str) -> dict[str, object]:
    """What was asked for, as far as the file's reader knows of it."""
    known = reader_of(name).Spec.model_fields
    return {"footnotes": spec.footnotes} if "footnotes" in known else {}


def _refused(file: NamedFile, problem: StudioError, room: Workroom) -> dict[str, str]:
    room.emit(LogLine(level="warning", text=str(problem)))
    said = {"what": problem.what, "why": problem.why, "remedy": problem.remedy}
    return {"name": file.name, **said}


def _keep(file: NamedFile, family: str | None, manuscript: Manuscript, room: Workroom) -> str:
    folder = room.folder / "manuscript"
    folder.mkdir()
    (folder / CONTENT).write_text(manuscript.model_dump_json(), encoding="utf-8")
    facts = manuscript.model_dump(mode="json", exclude={"text", "title", "removals"})
    facts |= {"file": file.name, "original": file.artifact}
    if family:
        facts["family"] = family
    artifact = room.produce("manuscript", folder, manuscript.title, facts)
    shutil.rmtree(folder)
    return artifact
