"""Where a voice comes from: everything that is known of its making, in one place."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from studio.domain.provenance import Provenance
from studio.domain.records import AdapterRecord, DatasetRecord
from studio.domain.specs import TextSample
from studio.errors import StudioError
from studio.services import adapters, models
from studio.services.context import db, store
from studio.sharing import opening
from studio.store import datasets, events


class Heard(BaseModel):
    """What one prompt was answered with: by the base model, and by the voice at last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str
    first: str
    last: str
    step: int


class Lineage(BaseModel):
    """``told`` is what the adapter's own folder says; the rest is what the studio knows. Memory
    is in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    voice: AdapterRecord
    told: Provenance
    base: str
    """What the base model is called here."""
    dataset: DatasetRecord | None
    dataset_version: int | None
    """1 for the dataset as it was first made."""
    parents: tuple[AdapterRecord, ...]
    samples: tuple[Heard, ...]
    foreseen_memory: int | None
    taken_memory: int | None

    @property
    def adopted(self) -> bool:
        return bool(self.voice.facts.get("adopted"))


def lineage(adapter_id: str) -> Lineage:
    """All of it.

    Raises:
        StudioError: there is no such voice, or its files are not in the store.
    """
    voice = adapters.get(adapter_id)
    dataset = datasets.get(db(), voice.dataset) if voice.dataset else None
    told = opening.provenance(store().fetch(voice.artifact)) or Provenance()
    return Lineage(
        voice=voice,
        told=told,
        base=models.named(voice.model),
        dataset=dataset,
        dataset_version=_version(dataset) if dataset else None,
        parents=tuple(_known(voice.parents)),
        samples=samples(voice),
        foreseen_memory=_whole(voice.facts.get("foreseen_memory")),
        taken_memory=_whole(voice.facts.get("peak_memory")),
    )


def samples(voice: AdapterRecord) -> tuple[Heard, ...]:
    """For each prompt of the training the first and the last text; none of a voice that was not
    taught here."""
    by_prompt: dict[str, list[dict[str, Any]]] = {}
    for found in events.samples(db(), voice.job_id):
        by_prompt.setdefault(found["prompt"], []).append(found)
    return tuple(
        Heard(prompt=prompt, first=texts[0]["text"], last=texts[-1]["text"], step=texts[-1]["step"])
        for prompt, texts in by_prompt.items()
    )


def public_samples(adapter_id: str) -> tuple[TextSample, ...]:
    """What the voice wrote at the end of its training, with what it was asked."""
    found = samples(adapters.get(adapter_id))
    return tuple(TextSample(prompt=each.prompt, text=each.last) for each in found)


def _version(dataset: DatasetRecord) -> int:
    number = 1
    while dataset.parent and (parent := datasets.get(db(), dataset.parent)):
        dataset, number = parent, number + 1
    return number


def _known(ids: tuple[str, ...]) -> list[AdapterRecord]:
    found = []
    for adapter_id in ids:
        try:
            found.append(adapters.get(adapter_id))
        except StudioError:  # merged in another studio, or before a restore
            continue
    return found


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
