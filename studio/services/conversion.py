"""Carrying base models and adapters to GGUF, and proving that nothing was lost on the way."""

from __future__ import annotations

from typing import Literal, NamedTuple

from studio.domain.base import Language, Model
from studio.domain.jobs import Job
from studio.domain.records import GgufRecord
from studio.domain.specs import ConvertSpec, RegisterSpec
from studio.language import _
from studio.services import jobs
from studio.services.context import db
from studio.store import models

Quantisation = Literal["F32", "F16", "Q8_0", "Q5_K_M", "Q4_K_M"]


class Taught(NamedTuple):
    """A voice on its way to the desk. ``adapter`` is an artifact id, or ``job:<id>/adapter``;
    ``dataset`` is what it was taught with, where that is known."""

    name: str
    model: Model
    adapter: str
    dataset: str | None
    language: Language


def list_ggufs() -> list[GgufRecord]:
    """The newest first."""
    return models.ggufs(db())


def convert(voice: Taught, quantisation: Quantisation) -> list[Job]:
    """Convert a voice and its base model, then verify them together; the jobs, in order."""
    with jobs.together():
        base, converted = convert_base(voice.model, quantisation), convert_adapter(voice)
        return [base, converted, verify(voice, base, converted)]


def convert_base(model: Model, quantisation: Quantisation) -> Job:
    same = (
        gguf.id
        for gguf in list_ggufs()
        if (gguf.model, gguf.quantisation, gguf.adapter) == (model, quantisation, None)
    )
    spec = ConvertSpec(
        name=model.name or model.source,
        converter="base-gguf",
        model=model,
        quantisation=quantisation,
        kept=next(same, None),
    )
    return jobs.submit(
        spec,
        title=_("Convert the base model ({quantisation})").format(quantisation=quantisation),
        key=f"convert:{spec.model_dump_json()}",
    )


def convert_adapter(voice: Taught) -> Job:
    spec = ConvertSpec(
        name=voice.name,
        converter="adapter-gguf",
        model=voice.model,
        adapter=voice.adapter,
        quantisation="F16",
    )
    return jobs.submit(
        spec,
        title=_("Convert the voice {name}").format(name=voice.name),
        key=f"convert:{spec.model_dump_json()}",
    )


def verify(voice: Taught, base: Job, converted: Job | None = None) -> Job:
    """Queue the proof behind the conversions; ``base`` alone where it holds the voice. It is on
    what the voice was taught with and never learned; of a voice from elsewhere, on the sample
    story in its language."""
    spec = RegisterSpec(
        **voice._asdict(),
        gguf_base=f"job:{base.id}/gguf",
        gguf_adapter=f"job:{converted.id}/gguf" if converted else None,
    )
    return jobs.submit(
        spec,
        title=_("Verify the voice {name}").format(name=voice.name),
        key=f"register:{spec.model_dump_json()}",
    )
