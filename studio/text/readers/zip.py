"""A zip of chapters, as one manuscript."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from studio.errors import StudioError
from studio.language import _
from studio.text import filesets, headings, importing
from studio.text.reading import ReaderOptions, Reading

LARGEST = 100 << 20
"""Characters of all files together."""
TOP = 5
"""Lines at the beginning of a file among which its heading would be."""
_SEPARATORS = re.compile(r"[-_\s]+")


class Zip:
    kind = "zip"
    label = "Zip of chapters"
    endings = (filesets.ZIP,)
    Spec = ReaderOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when it is no zip, not a safe one, or holds nothing to read."""
        filesets.expand(name, data)

    def run(self, name: str, data: bytes, options: ReaderOptions) -> Reading:
        """The files in natural order, each under its name unless it begins with a heading.

        Raises:
            StudioError: not a safe zip, nothing to read in it, or a file that cannot be read.
        """
        files = filesets.expand(name, data)
        readings: list[tuple[str, Reading]] = []
        for file in files.files:
            reading = _read(file)
            readings.append((_title(file.name, reading), reading))
            if sum(len(r.text) for _t, r in readings) > LARGEST:
                _refuse(name)
        if len(readings) == 1:
            (_name, only), = readings  # fmt: skip
            return only.model_copy(update={"notes": (*files.notes, *only.notes)})
        return Reading(
            text="\n\n".join(_headed(title, reading.text) for title, reading in readings),
            encoding=_common([reading.encoding for _title, reading in readings]),
            notes=(
                *files.notes,
                *(f"{t}: {note}" for t, reading in readings for note in reading.notes),
            ),
        )


def _read(file: filesets.Member) -> Reading:
    reader: Any = importing.reader_of(file.name)
    reading: Reading = reader.run(file.name, file.read(), reader.Spec())
    return reading


def _title(name: str, reading: Reading) -> str:
    return reading.title or _SEPARATORS.sub(" ", PurePosixPath(name).stem).strip()


def _headed(title: str, text: str) -> str:
    lines = [line.strip() for line in text.split("\n", 50)[:50] if line.strip()][:TOP]
    if any(headings.strong(line) for line in lines):
        return text
    return f"# {title}\n\n{text}"


def _common(encodings: list[str]) -> str:
    return max(sorted(set(encodings)), key=encodings.count)


def _refuse(name: str) -> None:
    raise StudioError(
        _("“{name}” is too large.").format(name=name),
        _("Its files hold more than {size} million characters.").format(size=LARGEST >> 20),
        _("Import its files one by one, as manuscripts of their own."),
    )


plugin = Zip()
