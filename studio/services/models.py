"""Base models a writer can choose: the starter, local folders, downloads."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from studio.conversion import rehearsal
from studio.domain.base import Model
from studio.domain.facts import Obstacle
from studio.domain.jobs import Job
from studio.domain.records import ModelRecord
from studio.domain.specs import DownloadSpec
from studio.errors import StudioError
from studio.language import _
from studio.models import catalogue, source
from studio.preflight.fitting import Fit, ranked
from studio.services import devices, jobs
from studio.services.context import db, store
from studio.store import database, models

STARTER = "starter"


def starter() -> ModelRecord:
    """The small model that ships with the studio."""
    model = Model()
    return ModelRecord(
        id=STARTER,
        name=_("Starter model (small, for trying things out)"),
        model=model,
        facts=facts_of(model),
        created_at=0.0,
    )


def list_all() -> list[ModelRecord]:
    """The starter first, then what was added, in the order it was added."""
    return [starter(), *models.select(db())]


def get(model_id: str) -> ModelRecord:
    """A base model by its id.

    Raises:
        StudioError: there is none.
    """
    record = starter() if model_id == STARTER else models.get(db(), model_id)
    if record is None:
        raise StudioError(
            _("This base model is not in the studio."),
            _("No base model has the id {id}.").format(id=model_id),
            _("Choose one on the Settings page, or add its folder there."),
        )
    return record


def named(model: Model) -> str:
    """What to call a base model on a page."""
    for record in list_all():
        if record.model == model:
            return record.name
    return model.name or model.source


def is_mixed(model: Model) -> bool:
    """Whether voices were put into it here."""
    return any(r.model == model and "mixture" in r.facts for r in models.select(db()))


def facts_of(model: Model) -> dict[str, object]:
    """What its files say: architecture, context length, parameters, ...

    Raises:
        StudioError: the folder is not a model the studio can use.
    """
    return source.validate(source.folder_of(model, store().fetch)).model_dump(mode="json")


def obstacle(model: Model) -> Obstacle | None:
    """What would keep a voice on this model from the desk, found by a rehearsal of its conversion
    on this machine; that takes seconds, once for a model.

    Raises:
        StudioError: the folder is not a model the studio can use.
    """
    return rehearsal.obstacle_of(model, store().fetch)


def add_local(path: str | Path) -> ModelRecord:
    """Put a folder with a model on the list.

    Raises:
        StudioError: the folder is missing or not a model that can be used.
    """
    folder = Path(path).expanduser().resolve()
    model = Model(source="local", name=str(folder))
    facts = facts_of(model)
    record = ModelRecord(
        id=f"local:{folder}", name=folder.name, model=model, facts=facts, created_at=time.time()
    )
    with database.write(db()) as connection:
        models.insert(connection, record)
    return record


class Fitting(BaseModel):
    """The catalogue's models on one machine, what fits first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["cpu", "cuda"]
    memory: int
    models: tuple[Fit, ...]


def fitting(memory: int | None = None, language: str | None = None) -> Fitting:
    """Which models could be taught: on a graphics card with ``memory`` bytes, else on the
    device that would take a training now; only those that know ``language``."""
    device = None if memory else devices.device()
    kind, size = (device.kind, device.memory) if device else ("cuda", memory or 0)
    known = tuple(e for e in catalogue.catalogue() if language in (None, *e.languages))
    return Fitting(kind=kind, memory=size, models=tuple(ranked(known, size, kind)))


def download(repository: str, revision: str = "main") -> Job:
    """Fetch a model from the Hub as a job; it is on the list once the job has finished."""
    spec = DownloadSpec(repository=repository, revision=revision)
    return jobs.submit(
        spec,
        title=_("Download {repository}").format(repository=repository),
        key=f"download:{repository}@{revision}",
    )
