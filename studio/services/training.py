"""Teaching a voice: presets, preflight, and the chain of jobs behind Start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from studio.domain import naming
from studio.domain.base import Model
from studio.domain.facts import DatasetFacts, Facts, Probe
from studio.domain.findings import Report
from studio.domain.jobs import Failure, Job
from studio.domain.models import ModelFacts
from studio.domain.records import DatasetRecord, Teaching
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.models import catalogue
from studio.models.shape import shape_of_facts
from studio.preflight import engine
from studio.preflight.check import error
from studio.preflight.memory import Estimate, estimate
from studio.preflight.setup import setup_of
from studio.preflight.wording import part
from studio.services import datasets, devices, estimates, jobs, models, objectives, probing
from studio.services.access import access
from studio.services.carrying import carry
from studio.services.context import db
from studio.services.conversion import Quantisation, Taught
from studio.store import events
from studio.training import presets as budgets


class Memory(NamedTuple):
    """Bytes: ``parts`` by what they are for, in a writer's words; ``there`` is what there is;
    ``probe`` is what two steps of such a training took there, where they were tried."""

    parts: dict[str, int]
    there: int
    probe: Probe | None = None


def presets(dataset_id: str, model: Model | None = None) -> dict[str, TrainSpec]:
    """Taste, evening and weekend, fitted to the dataset, the base model and the device.

    Raises:
        StudioError: the dataset or the base model cannot be used.
    """
    dataset = datasets.get(dataset_id)
    recipe = datasets.recipe_of(dataset_id)
    chosen = model or recipe.model
    fields = budgets.presets(_dataset_facts(dataset), _model_facts(chosen), devices.device())
    return {
        name: TrainSpec(
            name=dataset.name,
            dataset=dataset.id,
            model=chosen,
            formatter=recipe.formatter,
            **values,
        )
        for name, values in fields.items()
    }


def preflight(spec: TrainSpec) -> Report:
    """What would go wrong, before a minute is spent on it."""
    return engine.examine(spec, facts(spec))


def facts(spec: TrainSpec) -> Facts:
    """What is known of the dataset, the base model and the machine."""
    dataset, place = _dataset_facts(datasets.get(spec.dataset)), devices.device()
    known = {"dataset": dataset, "device": place}
    try:
        model = _model_facts(spec.model)
    except StudioError as problem:
        return Facts(model_problem=Failure(**problem.as_dict()), **known)
    listed = catalogue.entry(model.name)
    gated = listed is not None and listed.gated == "yes"
    return Facts(
        model=model,
        obstacle=models.obstacle(spec.model),
        gated=gated,
        access=access(spec, gated),
        probe=probing.found(spec, place),
        pace=estimates.pace(spec, place),
        licence=listed.licence if listed else None,
        for_money=listed.for_money if listed else True,
        record=estimates.record(place.kind),
        **known,
    )


def teach(spec: TrainSpec, quantisation: Quantisation = "F16") -> Teaching:
    """Queue the whole chain: train, and carry the voice to the desk. Two clicks make one.

    Raises:
        StudioError: preflight found something that would make the training fail.
    """
    ready = checked(spec)
    with jobs.together():
        train = submit(ready)
        language = datasets.get(spec.dataset).language
        voice = Taught(spec.name, spec.model, f"job:{train.id}/adapter", spec.dataset, language)
        carried = carry(voice, quantisation, beyond_gguf=bool(spec.lora.beyond_gguf))
    return Teaching(train=train, carried=tuple(carried))


def checked(spec: TrainSpec) -> TrainSpec:
    """The spec with what it should take, after a preflight that found nothing in its way.

    Raises:
        StudioError: preflight found something that would make the training fail.
    """
    if datasets.get(spec.dataset).deleted_at is not None:
        raise StudioError(
            _("The dataset of this lesson was deleted."),
            _("It lies where it can be brought back from, and nothing should learn from it."),
            _("Restore it on the Datasets page, or choose another one."),
            "dataset",
        )
    known = facts(spec)
    report = engine.examine(spec, known)
    if report.blocked:
        raise error(report.at("blocks")[0])
    return _with_foresight(spec, known)


def submit(spec: TrainSpec, behind: Sequence[str] = ()) -> Job:
    """Queue the training alone. Two clicks make one job.

    Raises:
        StudioError: the voice has no name that can be read.
    """
    if not naming.tidy(spec.name):
        raise StudioError(
            _("The voice has no name."),
            _("It is empty, or holds only what nobody can see."),
            _("Type a name of at least one letter, then start again."),
        )
    return jobs.submit(
        spec,
        title=_("Teach {name}").format(name=spec.name),
        key=f"train:{spec.model_dump_json(exclude={'foreseen_memory'})}",
        behind=behind,
    )


def memory(spec: TrainSpec) -> Memory | None:
    """What the training should take of its device, by what it is for, the largest part first;
    None where the model cannot be reckoned with."""
    known = facts(spec)
    need = foreseen(spec, known)
    if need is None or known.device is None:
        return None
    parts = sorted(need.parts().items(), key=lambda each: -each[1])
    return Memory(
        {part(name): size for name, size in parts if size}, known.device.memory, known.probe
    )


def foreseen(spec: TrainSpec, known: Facts) -> Estimate | None:
    """The memory that the training should take; None where that cannot be reckoned."""
    if known.model is None or known.dataset is None or known.device is None:
        return None
    setup = setup_of(
        spec, known.model, known.device.kind, known.dataset.longest, known.dataset.validation
    )
    try:
        return estimate(shape_of_facts(known.model), setup)
    except StudioError:  # the preflight says which architecture cannot be reckoned with
        return None


def _with_foresight(spec: TrainSpec, known: Facts) -> TrainSpec:
    """The spec with what the training should take, so that the run can be held against it."""
    need = foreseen(spec, known)
    return spec.model_copy(update={"foreseen_memory": need.total if need else None})


def runs() -> list[Job]:
    """Every training, the newest first."""
    return jobs.list_jobs(kinds=("train",))


def metrics(job_id: str) -> list[dict[str, Any]]:
    """``step``, ``name``, ``value``, ``at`` of every measure, by step."""
    return events.metrics(db(), job_id)


def samples(job_id: str) -> list[dict[str, Any]]:
    """``step``, ``prompt``, ``text`` of the samples; step 0 is the base model's."""
    return events.samples(db(), job_id)


def _model_facts(model: Model) -> ModelFacts:
    return ModelFacts.model_validate(models.facts_of(model))


def _dataset_facts(dataset: DatasetRecord) -> DatasetFacts:
    statistics = {**dataset.statistics, "form": objectives.form_of(dataset)}
    return DatasetFacts.of(statistics, dataset.language)
