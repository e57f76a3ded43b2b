"""The workroom of a bench: a real artifact store, and nobody who listens or interrupts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from studio.domain.events import Body
from studio.domain.workroom import Workroom
from studio.jobs.artifacts import ArtifactStore


@dataclass
class Room(Workroom):
    folder: Path
    store: ArtifactStore
    checkpoint: str | None = None
    earlier: tuple[str, ...] = ()

    def emit(self, body: Body) -> None:
        del body

    def fetch(self, artifact: str) -> Path:
        return self.store.fetch(artifact)

    def put(self, folder: Path) -> str:
        return self.store.put(folder)

    def stopped(self) -> bool:
        return False
