"""What a worker produced becomes a row, in the transaction that records the event."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from sqlite_utils import Database

from studio.domain.base import Model
from studio.domain.events import ArtifactProduced
from studio.domain.jobs import Job
from studio.domain.recipes import ReviseSpec
from studio.domain.records import (
    AdapterRecord,
    DatasetRecord,
    GgufRecord,
    ManuscriptRecord,
    ModelRecord,
    Verification,
)
from studio.store import adapters, changes, datasets, manuscripts, models


def register(db: Database, job: Job, body: ArtifactProduced, at: float) -> None:
    """File an artifact under its kind. ``at`` is the event's time in Unix seconds."""
    _REGISTERS[body.kind](db, job, body, at)


def _manuscript(db: Database, job: Job, body: ArtifactProduced, at: float) -> None:
    own = uuid.uuid4().hex
    facts = {"family": own, **body.facts}
    manuscripts.insert(
        db,
        ManuscriptRecord(id=own, title=body.name, artifact=body.artifact, created_at=at, **facts),
    )


def _dataset(db: Database, job: Job, body: ArtifactProduced, at: float) -> None:
    facts = body.facts
    datasets.insert(
        db,
        DatasetRecord(
            id=body.artifact,
            name=body.name,
            job_id=job.id,
            language=facts["language"],
            train=facts["train"],
            validation=facts["validation"],
            tokens=facts["tokens"],
            statistics=facts["statistics"],
            created_at=at,
            parent=facts.get("parent"),
        ),
    )
    if job.kind == "revise":
        changes.settle(db, ReviseSpec.model_validate(job.spec), job.created_at)


def _adapter(db: Database, job: Job, body: ArtifactProduced, at: float) -> None:
    facts = body.facts
    adapters.insert(
        db,
        AdapterRecord(
            id=body.artifact,
            name=body.name,
            artifact=body.artifact,
            job_id=job.id,
            model=Model.model_validate(facts["model"]),
            dataset=facts.get("dataset"),
            parents=facts.get("parents", ()),
            language=facts["language"],
            nll_before=facts.get("nll_before"),
            nll_after=facts.get("nll_after"),
            facts=facts,
            created_at=at,
        ),
    )


def _gguf(db: Database, job: Job, body: ArtifactProduced, at: float) -> None:
    facts = body.facts
    models.insert_gguf(
        db,
        GgufRecord(
            id=body.artifact,
            name=body.name,
            job_id=job.id,
            model=Model.model_validate(facts["model"]),
            adapter=facts.get("adapter"),
            quantisation=facts["quantisation"],
            bytes=facts["bytes"],
            created_at=at,
        ),
    )


def _model(db: Database, job: Job, body: ArtifactProduced, at: float) -> None:
    models.insert(
        db,
        ModelRecord(
            id=body.artifact,
            name=body.name,
            model=Model(source="artifact", name=body.artifact),
            facts=body.facts,
            created_at=at,
        ),
    )


def _report(db: Database, job: Job, body: ArtifactProduced, at: float) -> None:
    facts = body.facts
    adapters.insert_verification(
        db,
        Verification(
            job_id=job.id,
            adapter=facts["adapter"],
            gguf_base=facts["gguf_base"],
            gguf_adapter=facts["gguf_adapter"],
            max_abs_logit_diff=facts["max_abs_logit_diff"],
            top1_agreement=facts["top1_agreement"],
            created_at=at,
        ),
    )


def _measurement(db: Database, job: Job, body: ArtifactProduced, at: float) -> None:
    facts = body.facts
    adapters.set_measured(
        db, facts["adapter"], facts["dataset"], facts["nll_before"], facts["nll_after"]
    )


_REGISTERS: dict[str, Callable[[Database, Job, ArtifactProduced, float], None]] = {
    "manuscript": _manuscript,
    "dataset": _dataset,
    "adapter": _adapter,
    "gguf": _gguf,
    "model": _model,
    "report": _report,
    "measurement": _measurement,
}
