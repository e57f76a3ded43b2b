"""Tables that were uploaded or found in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from studio.datasets import tables
from studio.datasets.rows import Row, Rows
from studio.domain.recipes import FileRows
from studio.errors import StudioError
from studio.language import _
from studio.models.source import Fetcher


class Files:
    kind = "files"
    label = "Files: JSON, JSON Lines, CSV or Parquet"
    Spec = FileRows

    def check(self, spec: FileRows) -> None:
        """Nothing can be said before the files are here."""

    def run(self, spec: FileRows, room: Fetcher) -> Rows:
        """The rows of every table of an artifact, file by file in the order of their names.

        Raises:
            StudioError: there is no table, here or while reading: one that cannot be read.
        """
        folder = room.fetch(spec.artifact)
        names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        found = [name for name in names if tables.is_table(name)]
        if not found:
            raise StudioError(
                _("There is no table among the files."),
                _("Found: {names}.").format(names=", ".join(names[:5])),
                _("Choose files that end in {endings}.").format(endings=", ".join(tables.READERS)),
            )
        origin = {
            "files": {name: _sha256(folder / name) for name in found},
            "not_read": [name for name in names if name not in found],
        }
        return Rows(origin, _rows(folder, found))


def _rows(folder: Path, names: Sequence[str]) -> Iterator[Row]:
    for name in names:
        with (folder / name).open("rb") as stream:
            yield from tables.read(name, stream)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


plugin = Files()
