"""Rows as pages and the command line read them. Times are Unix seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from studio.domain.base import Language, Model
from studio.domain.jobs import Job
from studio.domain.manuscripts import Chapter
from studio.domain.recipes import Edit


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Sample(Record):
    """A manuscript that ships with the studio."""

    kind: str
    title: str
    language: Language
    path: Path


class ManuscriptRecord(Record):
    id: str
    title: str
    language: Language
    encoding: str
    words: int
    characters: int
    chapters: tuple[Chapter, ...]
    notes: tuple[str, ...]
    artifact: str
    original: str
    file: str = ""
    """The name of the file it was read from."""
    family: str
    """The id of the first version of this manuscript."""
    version: int = 1
    created_at: float
    deleted_at: float | None = None

    @property
    def length(self) -> int:
        """Characters for Chinese, words for English."""
        return self.characters if self.language == "zh" else self.words


class DatasetRecord(Record):
    """``id`` is the artifact's id: the content decides it. ``parent`` is the dataset that this
    one is a version of."""

    id: str
    name: str
    job_id: str
    language: Language
    train: int
    validation: int
    tokens: int
    statistics: dict[str, Any]
    created_at: float
    deleted_at: float | None = None
    parent: str | None = None


class Change(Record):
    """One change to one example that is not yet part of a version; None: as it was. The changes
    of one ``step`` were made, and are taken back, together."""

    dataset: str
    step: int
    example: str
    excluded: bool | None = None
    completion: str | None = None
    rejected: str | None = None
    at: float
    undone: bool = False


class Pending(Record):
    """What the changes to a dataset come to. ``steps`` can be undone, ``undone`` redone."""

    excluded: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    steps: int = 0
    undone: int = 0

    @classmethod
    def of(cls, changes: Sequence[Change]) -> Pending:
        """Of all changes to a dataset, in their order: of each example, the last word counts."""
        done = [change for change in changes if not change.undone]
        excluded = {c.example: c.excluded for c in done if c.excluded is not None}
        edits = {c.example: c for c in done if c.completion is not None}
        return cls(
            excluded=tuple(example for example, out in excluded.items() if out),
            edits=tuple(
                Edit(id=example, completion=c.completion or "", rejected=c.rejected)
                for example, c in edits.items()
            ),
            steps=len({change.step for change in done}),
            undone=len({change.step for change in changes if change.undone}),
        )


class ModelRecord(Record):
    id: str
    name: str
    model: Model
    facts: dict[str, Any]
    created_at: float
    deleted_at: float | None = None


class AdapterRecord(Record):
    """A voice: ``artifact`` is the adapter's content hash, ``facts`` its lineage and figures."""

    id: str
    name: str
    artifact: str
    job_id: str
    model: Model
    dataset: str | None
    """What it was taught with; None where that is not known here: it was merged of ``parents``,
    or comes from elsewhere."""
    language: Language
    nll_before: float | None
    nll_after: float | None
    facts: dict[str, Any]
    created_at: float
    deleted_at: float | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    favourite: bool = False
    archived_at: float | None = None
    parents: tuple[str, ...] = ()
    """The voices that it was made of, or the one it goes on from."""

    @property
    def merged(self) -> bool:
        return "mixture" in self.facts

    @property
    def about(self) -> str:
        """The lines about the story that it was taught with, which go wherever it goes."""
        return str((self.facts.get("manner") or {}).get("about") or "")


class GgufRecord(Record):
    """A converted base model (``adapter`` is None) or adapter (the adapter's artifact id)."""

    id: str
    name: str
    job_id: str
    model: Model
    adapter: str | None
    quantisation: str
    bytes: int
    created_at: float


class Verification(Record):
    """How well llama.cpp agrees with transformers + peft for one converted adapter."""

    job_id: str
    adapter: str
    gguf_base: str
    gguf_adapter: str | None
    """None where the voice is in ``gguf_base`` itself."""
    max_abs_logit_diff: float
    top1_agreement: float
    created_at: float


class MemoryRun(Record):
    """What preflight foresaw for one training and what it took at its peak, in bytes."""

    job_id: str
    title: str
    device: str
    foreseen: int
    taken: int
    ended_at: float

    @property
    def error(self) -> float:
        """As a share of what was taken; less than nothing: too little was foreseen."""
        return self.foreseen / self.taken - 1


class PlanRecord(Record):
    """A training that was planned and kept: ``spec`` holds the fields of a TrainSpec."""

    id: str
    name: str
    spec: dict[str, Any]
    created_at: float
    updated_at: float
    deleted_at: float | None = None


class Teaching(Record):
    """The jobs of one Start: the training, and those that carry the voice to the desk."""

    train: Job
    carried: tuple[Job, ...]

    @property
    def chain(self) -> tuple[Job, ...]:
        """In the order in which they are done."""
        return self.train, *self.carried


class StoryRecord(Record):
    id: str
    title: str
    language: Language
    text: str
    revision: int
    created_at: float
    updated_at: float
    deleted_at: float | None = None


class Revision(Record):
    story_id: str
    revision: int
    text: str
    at: float


class Generation(Record):
    """A page the desk asked for. ``text`` grows while the job runs; it is never lost."""

    job_id: str
    story_id: str
    voice: str
    prompt: str
    text: str
    state: Literal["pending", "accepted", "discarded"]
    created_at: float


class WorkerInfo(Record):
    """What a worker says of itself. ``memory`` is what its device has, in bytes."""

    name: str
    role: str
    device: str
    host: str
    pid: int
    memory: int
    libraries: dict[str, str]
    state: Literal["idle", "busy"]
    job_id: str | None = None
    capability: float = 0.0
    """Compute capability of the card, as 8.6; 0 where there is none or it did not say."""
    driver: str = ""
    watts: float = 0.0
    """What the card may draw; 0 where it is not known."""
    cards: int = 1
    """Graphics cards like the one named; of no meaning where there is none."""
    cores: int = 0
    free_memory: int = 0
    """Of the machine, now, in bytes; 0 where the worker does not say, as with ``free_disk``."""
    free_disk: int = 0
    """Where the worker keeps what it works on, now, in bytes."""
