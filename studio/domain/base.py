"""What every spec is built on: frozen, complete, the same on every machine."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["en", "zh"]
ArtifactRef = Annotated[
    str, Field(pattern=r"^([0-9a-f]{64}|job:[A-Za-z0-9_-]+/[a-z_]+)$", description="Artifact id")
]
"""An artifact's id, or ``job:<job id>/<name>`` for one that another job will make."""


class Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Model(Spec):
    """A base model: the packaged starter, a local folder, or an artifact (a finished download)."""

    source: Literal["starter", "local", "artifact"] = "starter"
    name: str = ""
    """Folder path for local, artifact id for artifact, empty for the starter."""
