"""A workroom on a local folder, for tests of engines: real files, no broker."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

from studio.domain.events import Body
from studio.domain.workroom import Workroom
from studio.errors import Damaged


def digest(folder: Path) -> str:
    """The sha256 of a folder's content: relative names and bytes, in the order of the names."""
    whole = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()


class LocalRoom(Workroom):
    """``events`` holds all that was emitted.

    Set ``stop`` to ask the engine to stop at once, or call ``stop_after`` to let it go on
    for a number of questions first.
    """

    def __init__(
        self, folder: Path, checkpoint: str | None = None, earlier: tuple[str, ...] = ()
    ) -> None:
        self.folder = folder / "scratch"
        self.artifacts = folder / "artifacts"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.artifacts.mkdir(parents=True, exist_ok=True)
        self.checkpoint = checkpoint
        self.earlier = earlier
        self.events: list[Body] = []
        self.stop = False
        self._questions_left: int | None = None

    def emit(self, body: Body) -> None:
        self.events.append(body)

    def of_type(self, kind: str) -> list[Any]:
        """The emitted bodies of one type, as ``progressed`` or ``metric``."""
        return [event for event in self.events if getattr(event, "type", "") == kind]

    def put(self, folder: Path) -> str:
        artifact = digest(folder)
        place = self.artifacts / artifact
        if not place.exists():
            arriving = self.artifacts / f".{artifact}.{os.getpid()}"
            shutil.copytree(folder, arriving)
            arriving.rename(place)
        return artifact

    def fetch(self, artifact: str) -> Path:
        place = self.artifacts / artifact
        if not place.is_dir():
            raise Damaged("It is not there.", f"No {artifact} in {self.artifacts}.", "Make it.")
        if digest(place) != artifact:
            raise Damaged("It is damaged.", f"{artifact} was changed.", "Make it again.")
        return place

    def stop_after(self, questions: int) -> None:
        """``stopped`` says no this many times more, then yes for ever."""
        self._questions_left = questions

    def stopped(self) -> bool:
        if self._questions_left is not None:
            self.stop = self.stop or self._questions_left == 0
            self._questions_left = max(0, self._questions_left - 1)
        return self.stop
