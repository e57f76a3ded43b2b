"""A zip of chapters, as one manuscript."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from studio.errors import StudioError
from studio.language import _
from studio.text import composition, filesets, headings, importing
from studio.text.reading import FootnoteOptions, Reading

LARGEST = 100 << 20
"""Characters of all files together."""
TOP = 5
"""Lines at the beginning of a file among which its heading would be."""
_SEPARATORS = re.compile(r"[-_\s]+")


class Zip:
    kind = "zip"
    label = "Zip of chapters"
    endings = (filesets.ZIP,)
    Spec = FootnoteOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when it is no zip, not a safe one, or holds nothing to read."""
        filesets.expand(name, data)

    def run(self, name: str, data: bytes, options: FootnoteOptions) -> Reading:
        """The files in natural order, each under its name unless it begins with a heading.

        Raises:
            StudioError: not a safe zip, nothing to read in it, or a file that cannot be read.
        """
        files = filesets.expand(name, data)
        readings: list[tuple[str, Reading]] = []
        empty: list[str] = []
        for file in files.files:
            if not (data := file.read()).strip():
                empty.append(file.name)
                continue
            reading = _read(file.name, data, options)
            readings.append((_title(file.name, reading), reading))
            if sum(len(r.text) for _t, r in readings) > LARGEST:
                _refuse(name)
        notes = (
            *files.notes,
            *composition.named(_("No text was found for: {names}."), empty),
        )
        if len(readings) == 1:
            (_name, only), = readings  # fmt: skip
            return only.model_copy(update={"notes": (*notes, *only.notes)})
        return Reading(
            text="\n\n".join(_headed(title, reading.text) for title, reading in readings),
            encoding=_common([reading.encoding for _title, reading in readings]),
            notes=(
                *notes,
                *(f"{t}: {note}" for t, reading in readings for note in reading.notes),
            ),
        )


def _read(name: str, data: bytes, options: FootnoteOptions) -> Reading:
    reader: Any = importing.reader_of(name)
    known = options.model_dump(include=set(reader.Spec.model_fields))
    reading: Reading = reader.run(name, data, reader.Spec(**known))
    return reading


def _title(name: str, reading: Reading) -> str:
    return reading.title or _SEPARATORS.sub(" ", PurePosixPath(name).stem).strip()


def _headed(title: str, text: str) -> str:
    lines = [line.strip() for line in text.split("\n", 50)[:50] if line.strip()][:TOP]
    if any(headings.strong(line) for line in lines):
        return text
    return f"# {title}\n\n{text}"


def _common(encodings: list[str]) -> str:
    return max(sorted(set(encodings)), key=encodings.count, default="utf-8")


def _refuse(name: str) -> None:
    raise StudioError(
        _("“{name}” is too large.").format(name=name),
        _("Its files hold more than {size} million characters.").format(size=LARGEST >> 20),
        _("Import its files one by one, as manuscripts of their own."),
    )


plugin = Zip()
