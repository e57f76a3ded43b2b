"""The workroom of a bench: a real artifact store, and nobody who listens or interrupts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.domain.events import ArtifactProduced, Body
from studio.jobs.artifacts import ArtifactStore


@dataclass
class Room:
    """Implements studio.domain.workroom.Workroom."""

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

    def produce(self, kind: str, folder: Path, name: str, facts: dict[str, Any]) -> str:
        artifact = self.put(folder)
        body = {"kind": kind, "artifact": artifact, "name": name, "facts": facts}
        self.emit(ArtifactProduced.model_validate(body))
        return artifact

    def stopped(self) -> bool:
        return False
