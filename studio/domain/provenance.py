"""Where an adapter comes from, as ``lineage.json`` in its folder tells it."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from studio.domain.base import Language
from studio.domain.naming import Name
from studio.domain.recipes import Format, FormatterSpec, Template

LINEAGE = "lineage.json"
"""The file's name in an adapter's folder."""


class Part(BaseModel):
    """What another studio, or a later one, adds to the file is let pass."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class Code(Part):
    """``commit`` is git's, where the studio ran from a clone; it ends in -dirty where the files
    were changed."""

    version: str = ""
    commit: str | None = None


class Base(Part):
    """The base model: its name on the Hub or of its folder, its commit there, and the sha256 of
    its config and weight files."""

    name: str = ""
    revision: str | None = None
    sha256: dict[str, str] = Field(default_factory=dict)
    architecture: str = ""
    parameters: int | None = None


class Manner(Part):
    """How the voice was asked when it was taught, and how it is to be asked at the desk. Whatever
    becomes of its dataset and of its base model's folder, this is what both go by."""

    builder: str = "continuation"
    shown_tokens: int | None = None
    formatter: FormatterSpec = Format()
    template: Template | None = None
    """The formatter's template as it was then, the model's own included; None where an earlier
    studio taught it, and of raw text."""
    about: str = ""
    """The lines about the story that stood in front of what came before."""


class Source(Part):
    """Where on the Hub an adopted adapter was found."""

    repository: str
    revision: str


class Provenance(Part):
    """All of it. What is not known is empty."""

    name: Name = ""
    """What the voice was called where it was exported."""
    studio: Code = Code()
    base: Base = Base()
    libraries: dict[str, str] = Field(default_factory=dict)
    device: str = ""
    """The device's own name."""
    language: Language | None = None
    spec: dict[str, Any] = Field(default_factory=dict)
    dataset: str | None = None
    manner: Manner | None = None
    figures: dict[str, Any] = Field(default_factory=dict)
    parents: tuple[str, ...] = ()
    source: Source | None = None

    def figure(self, name: str) -> float | None:
        """A figure that is a number."""
        found = self.figures.get(name)
        return float(found) if isinstance(found, int | float) and isfinite(found) else None

    @property
    def objective(self) -> str:
        """What it was trained for, in the field's word; empty where it is not known."""
        found = self.spec.get("objective")
        return str(found.get("kind", "")) if isinstance(found, dict) else str(found or "")


def manner_of(adapter: Path) -> Manner | None:
    """How a voice was asked when it was taught, as the adapter's folder tells; None where it
    tells nothing that can be understood."""
    path = adapter / LINEAGE
    if not path.is_file():
        return None
    try:
        return Provenance.model_validate_json(path.read_bytes()).manner
    except ValueError:  # another program's file of the same name
        return None
