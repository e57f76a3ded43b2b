"""Mixing voices: into a new one, or into their base model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from studio.domain import naming
from studio.domain.base import Model
from studio.domain.jobs import Job
from studio.domain.merges import MOST_PARTS, MergePart, MergeSpec
from studio.domain.models import ModelFacts
from studio.domain.records import AdapterRecord
from studio.domain.specs import ConvertSpec
from studio.errors import StudioError
from studio.language import _
from studio.services import adapters, conversion, devices, jobs, models
from studio.services.context import store
from studio.services.conversion import Quantisation, Taught
from studio.settings import settings
from studio.training import capacity, factors, spectrum
from studio.training.merging import another_base, base_of

PATIENCE = 1_000_000_000
"""Of ``spectrum.effort``: three seconds for the voices, and half a second for each weight."""


def families() -> dict[str, list[AdapterRecord]]:
    """The voices on the shelf, the newest first, by the name of their base model."""
    found: dict[str, list[AdapterRecord]] = {}
    for voice in adapters.list_all():
        found.setdefault(models.named(voice.model), []).append(voice)
    return found


def plan(weights: Mapping[str, float], name: str, **options: Any) -> MergeSpec:
    """The mix of the voices with these ids and weights. ``options`` are further fields of a
    MergeSpec; those that are None are left as they are.

    Raises:
        StudioError: too few or too many voices, a weight out of bounds, or several base models.
    """
    given = {field: value for field, value in options.items() if value is not None}
    voices = [adapters.get(adapter) for adapter in weights]
    _check(voices, weights, name, alone=given.get("into") == "model")
    heaviest = max(voices, key=lambda voice: weights[voice.id])
    parts = (
        MergePart(
            adapter=voice.artifact,
            name=voice.name,
            weight=weights[voice.id],
            dataset=voice.dataset,
        )
        for voice in voices
    )
    return MergeSpec(
        name=name,
        model=heaviest.model,
        parts=tuple(parts),
        language=heaviest.language,
        **given,
    )


def foresee(weights: Mapping[str, float], ranks: Iterable[int]) -> dict[int, float] | None:
    """What svd will leave out of such a mix at each rank, as ``lost`` of the mix will say it. None
    where that is told after it was made and not before: the files of a voice are on another
    machine, the ranks so large that nobody would wait for it, or there is nothing to mix.

    Raises:
        StudioError: a voice is damaged, no sum of matrices, or of another base model.
    """
    voices = [adapters.get(adapter) for adapter in weights]
    if not voices or not all(store().at_hand(voice.artifact) for voice in voices):
        return None
    _check_bases(voices)
    known = _grams(settings().artifact_store, tuple((v.artifact, v.name) for v in voices))
    lost = spectrum.lost(known, list(weights.values())) if known else []
    return {rank: lost[min(rank, len(lost)) - 1] for rank in ranks} if lost else None


@lru_cache(maxsize=1)
def _grams(_place: str, voices: Sequence[tuple[str, str]]) -> list[spectrum.Gram] | None:
    """Read once for all weights of the same voices; None where that would take too long."""
    found = [factors.read(store().fetch(artifact), name) for artifact, name in voices]
    shapes: dict[str, tuple[int, int]] = {}
    for voice, (_artifact, name) in zip(found, voices, strict=True):
        if any(
            shapes.setdefault(module, pair.shape) != pair.shape for module, pair in voice.items()
        ):
            raise another_base(name)
    return spectrum.grams(found) if spectrum.effort(found) <= PATIENCE else None


def _check(
    voices: list[AdapterRecord], weights: Mapping[str, float], name: str, alone: bool
) -> None:
    least = 1 if alone else 2
    if not least <= len(voices) <= MOST_PARTS:
        raise StudioError(
            _("These voices cannot be mixed."),
            _("A mix needs {least} to {most} voices; there are {count}.").format(
                least=least, most=MOST_PARTS, count=len(voices)
            ),
            _("Choose others, or teach another voice first."),
        )
    if not naming.tidy(name):
        raise StudioError(
            _("The mix has no name."),
            _("The shelf shows each voice by its name."),
            _("Type a name of at least one letter."),
        )
    for voice in voices:
        if not 0 < weights[voice.id] <= 2:
            raise StudioError(
                _("The voice {name} has a weight of {weight:g}.").format(
                    name=voice.name, weight=weights[voice.id]
                ),
                _("A voice in the mix weighs more than 0, and 2 at most."),
                _("Give it more weight, or leave it out."),
            )
    _check_bases(voices)


def _check_bases(voices: list[AdapterRecord]) -> None:
    """One base model: by its files where the adapters' lineage tells them, else by its name."""
    first, *others = voices
    base = base_of(_folder(first))
    for voice in others:
        own = base_of(_folder(voice))
        if (own or voice.model) != (base if own else first.model):
            raise another_base(voice.name)


def _folder(voice: AdapterRecord) -> Path:
    return store().fetch(voice.artifact)


def merge(spec: MergeSpec) -> list[Job]:
    """Mix the voices and convert the result for the desk; the jobs in order, the mix first.

    Raises:
        StudioError: the machine that would take it has too little memory or disk for it, or the
            base model is not there.
    """
    check_room(spec)
    return _queued(spec, "F16")


def _queued(spec: MergeSpec, quantisation: Quantisation) -> list[Job]:
    with jobs.together():
        mix = jobs.submit(
            spec,
            title=_("Merge into {name}").format(name=spec.name),
            key=f"merge:{spec.model_dump_json()}",
        )
        if spec.into == "model":
            return [mix, _convert_model(spec, mix, quantisation)]
        return [mix, *_convert_voice(spec, mix, quantisation)]


def check_room(spec: MergeSpec) -> None:
    """Whether the trainer's machine has room for the mix.

    Raises:
        StudioError: it has not, or the base model is not there.
    """
    if spec.loads_model:
        facts = ModelFacts.model_validate(models.facts_of(spec.model))
        place = devices.device()
        # What is free while another job runs there says nothing of the time after it.
        known = place.model_copy(update={"host_memory": 0}) if place.ahead else place
        capacity.check(spec, facts, known)


def recheck(job: Job) -> None:
    """As ``check_room``, before the mix is tried again."""
    check_room(MergeSpec.model_validate(job.spec))


def stand_alone(voice: Taught, quantisation: Quantisation) -> list[Job]:
    """Carry a voice that no GGUF adapter can hold to the desk: put it into its base model,
    convert that, and hold it against what was taught; the jobs, in order. The voice may have yet
    to be taught: whether there is room is looked at when its turn has come."""
    spec = MergeSpec(
        name=voice.name,
        model=voice.model,
        parts=(MergePart(adapter=voice.adapter, name=voice.name, dataset=voice.dataset),),
        into="model",
        language=voice.language,
        measure=False,  # all of it is left, and the proof says so
    )
    with jobs.together():
        mix, model = _queued(spec, quantisation)
        return [mix, model, conversion.verify(voice, model)]


def _convert_model(spec: MergeSpec, mix: Job, quantisation: Quantisation) -> Job:
    """The new model as one GGUF file, which the desk writes with."""
    made = ConvertSpec(
        name=spec.name,
        converter="base-gguf",
        model=Model(source="artifact", name=f"job:{mix.id}/model"),
        quantisation=quantisation,
    )
    return jobs.submit(
        made,
        title=_("Convert the model {name}").format(name=spec.name),
        key=f"convert:{made.model_dump_json()}",
    )


def _convert_voice(spec: MergeSpec, mix: Job, quantisation: Quantisation) -> list[Job]:
    """As after a lesson; proved on what the heaviest voice never read, else on a sample story."""
    known = [part for part in spec.parts if part.dataset]
    heaviest = max(known, key=lambda part: part.weight, default=None)
    dataset = heaviest.dataset if heaviest else None
    voice = Taught(spec.name, spec.model, f"job:{mix.id}/adapter", dataset, spec.language)
    return conversion.convert(voice, quantisation)


def mixes() -> list[Job]:
    """Every mix that was asked for, the newest first."""
    return jobs.list_jobs(kinds=("merge",))
