"""Carrying base models and adapters to GGUF, and proving that nothing was lost on the way."""

from __future__ import annotations

from typing import Literal

from studio.domain.base import Language, Model
from studio.domain.jobs import Job
from studio.domain.records import AdapterRecord, GgufRecord
from studio.domain.specs import ConvertSpec, RegisterSpec
from studio.language import _
from studio.services import adapters, jobs
from studio.services.context import db
from studio.store import models

Quantisation = Literal["F32", "F16", "Q8_0", "Q5_K_M", "Q4_K_M"]


def list_ggufs() -> list[GgufRecord]:
    """The newest first."""
    return models.ggufs(db())


def convert(adapter_id: str, quantisation: Quantisation = "F16") -> list[Job]:
    """Convert a voice and its base model, then verify them together; the jobs, in order."""
    adapter = adapters.get(adapter_id)
    with jobs.together():
        base = convert_base(adapter.model, quantisation)
        voice = convert_adapter(adapter.name, adapter.model, adapter.artifact)
        return [base, voice, verify(adapter, base, voice)]


def convert_base(model: Model, quantisation: Quantisation) -> Job:
    spec = ConvertSpec(
        name=model.name or model.source,
        converter="base-gguf",
        model=model,
        quantisation=quantisation,
    )
    return jobs.submit(
        spec,
        title=_("Convert the base model ({quantisation})").format(quantisation=quantisation),
        key=f"convert:{spec.model_dump_json()}",
    )


def convert_adapter(name: str, model: Model, adapter: str, after: tuple[str, ...] = ()) -> Job:
    """``adapter`` is an artifact id, or ``job:<id>/adapter`` with that job in ``after``."""
    spec = ConvertSpec(
        name=name, converter="adapter-gguf", model=model, adapter=adapter, quantisation="F16"
    )
    return jobs.submit(
        spec,
        title=_("Convert the voice {name}").format(name=name),
        key=f"convert:{spec.model_dump_json()}",
        after=after,
    )


def verify(adapter: AdapterRecord, base: Job, voice: Job) -> Job:
    """On what the voice was taught with and never learned; of a voice from elsewhere, on the
    sample story in its language."""
    dataset = adapters.taught_with(adapter.id)
    return submit_verification(
        adapter.name, adapter.model, dataset, adapter.artifact, base, voice,
        language=adapter.language,
    )  # fmt: skip


def submit_verification(
    name: str,
    model: Model,
    dataset: str | None,
    adapter: str,
    base: Job,
    voice: Job,
    after: tuple[str, ...] = (),
    language: Language = "en",
) -> Job:
    """Queue the proof, once both conversions (and ``after``) have finished."""
    spec = RegisterSpec(
        name=name,
        model=model,
        dataset=dataset,
        language=language,
        adapter=adapter,
        gguf_base=f"job:{base.id}/gguf",
        gguf_adapter=f"job:{voice.id}/gguf",
    )
    return jobs.submit(
        spec,
        title=_("Verify the voice {name}").format(name=name),
        key=f"register:{spec.model_dump_json()}",
        after=(base.id, voice.id, *after),
    )
