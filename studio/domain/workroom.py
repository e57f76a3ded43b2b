"""What an engine is given to work with, and all it may know of the world outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from studio.domain.events import ArtifactProduced, Body


class ReadingRoom(Protocol):
    """Where nothing is kept: enough for a look at what would be made."""

    def emit(self, body: Body) -> None:
        """Tell the studio; never blocks on the network."""

    def fetch(self, artifact: str) -> Path:
        """A local, verified, read-only folder holding the artifact's files.

        Raises:
            Damaged: it is not in the store, or its files are not what was stored.
            StudioError: the store cannot be reached.
        """

    def stopped(self) -> bool:
        """True once the writer asked to stop. Cheap; ask at least at every step and token."""


class Workroom(ReadingRoom, Protocol):
    """One attempt at one job. Engines have the form ``run(spec, room) -> result dict``.

    A result is small JSON (numbers, names, artifact ids) and becomes ``Finished.result``.
    An engine raises StudioError for what a person can cure.
    """

    folder: Path
    """Scratch folder of this attempt, deleted afterwards."""

    checkpoint: str | None
    """Artifact id of the newest complete checkpoint of an earlier attempt, to go on from."""

    earlier: tuple[str, ...]
    """Those before it that are still kept, the newest first, should that one be damaged."""

    def put(self, folder: Path) -> str:
        """Store a finished folder; the id is the hash of its content. Whole or not at all."""

    def produce(self, kind: str, folder: Path, name: str, facts: dict[str, Any]) -> str:
        """``put`` a folder and emit ArtifactProduced for it; the artifact's id."""
        artifact = self.put(folder)
        body = {"kind": kind, "artifact": artifact, "name": name, "facts": facts}
        self.emit(ArtifactProduced.model_validate(body))
        return artifact


class Stopped(Exception):
    """Raised by an engine that stopped because it was asked to, after saving its work."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__("stopped on request")
        self.result = result
