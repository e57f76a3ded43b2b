"""Past and present trainings held beside each other: figures, settings, curves, samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from studio.domain.fields import fields, flat
from studio.domain.jobs import Job
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.services import datasets, jobs, models
from studio.services.context import db
from studio.store import events
from studio.training import reading, values, wording

NO_DIFFERENCE = frozenset({"kind", "foreseen_memory", "parent", "extends", "sweep"})
"""Fields that are of one run alone, and no setting."""


class Setting(NamedTuple):
    """One setting of several runs, in their order; ``words`` as a writer reads it."""

    field: str
    words: str
    values: tuple[Any, ...]

    @property
    def differs(self) -> bool:
        return any(value != self.values[0] for value in self.values)


class Samples(NamedTuple):
    """What was written on from one opening: by the base model, and by each run at its end."""

    prompt: str
    base: str
    texts: dict[str, str]


class Figures(NamedTuple):
    """What came of a run so far; None where it is not known. Surprise is in nats a character,
    memory in bytes."""

    before: float | None
    after: float | None
    perplexity_before: float | None
    perplexity_after: float | None
    margin_before: float | None
    margin_after: float | None
    tokens: int | None
    dropped_tokens: int | None
    steps: int
    best_step: int | None
    seconds: float | None
    foreseen_memory: int | None
    peak_memory: int | None

    @property
    def less_surprise(self) -> float | None:
        """By which share the held-out chapters surprise it less than before."""
        if not self.before or self.after is None:
            return None
        return (self.before - self.after) / self.before


def get(job_id: str) -> Job:
    """
    Raises:
        StudioError: there is no training with this id.
    """
    job = jobs.get(job_id)
    if job.kind != "train":
        raise StudioError(
            _("This job is no lesson."),
            _("{title} does not teach a voice.").format(title=job.title),
            _("Choose one of the lessons: python -m studio runs list"),
        )
    return job


def spec_of(job: Job) -> TrainSpec:
    """What the run was asked to do.

    Raises:
        StudioError: a later version of the studio planned it.
    """
    return reading.spec_of(job.spec)


def figures(job: Job) -> Figures:
    """The figures of a run, of its result where it has ended well, else of what it measured."""
    result = job.result or {}
    measured = events.summary(db(), job.id)

    def first(name: str) -> float | None:
        return measured[name].first if name in measured else None

    def best(name: str) -> float | None:
        return measured[name].at_best if name in measured else None

    return Figures(
        before=first("nll_per_character"),
        after=result.get("nll_after", best("nll_per_character")),
        perplexity_before=first("perplexity"),
        perplexity_after=best("perplexity"),
        margin_before=first("margin"),
        margin_after=result.get("margin_after", best("margin")),
        tokens=result.get("tokens", _whole(measured, "tokens")),
        dropped_tokens=result.get("dropped_tokens"),
        steps=result.get("steps", job.step),
        best_step=result.get("best_step"),
        seconds=result.get("seconds"),
        foreseen_memory=job.spec.get("foreseen_memory"),
        peak_memory=result.get("peak_memory"),
    )


def _whole(measured: dict[str, events.Measure], name: str) -> int | None:
    value = measured[name].last if name in measured else None
    return None if value is None else round(value)


def settings(runs: Sequence[Job]) -> list[Setting]:
    """Every setting that any of the runs has; None where an objective has no such setting."""
    known = fields(TrainSpec)
    each = [flat(spec_of(job).model_dump(mode="json"), known) for job in runs]
    every = dict.fromkeys(
        [*(field for field in known if "." not in field), *wording.words(), *known]
    )
    return [
        Setting(field, wording.label(field), tuple(said(field, v.get(field)) for v in each))
        for field in every
        if field not in NO_DIFFERENCE and any(field in values for values in each)
    ]


def changes(before: TrainSpec, after: TrainSpec) -> list[str]:
    """What is different in another plan, in words, as “Passages at once (batch): 8 → 4”."""
    known = fields(TrainSpec)
    old, new = (flat(spec.model_dump(mode="json"), known) for spec in (before, after))
    return [
        f"{wording.label(field)}: {said(field, old.get(field))} → {said(field, value)}"
        for field, value in new.items()
        if field not in NO_DIFFERENCE and value != old.get(field)
    ]


def said(field: str, value: Any) -> Any:
    """A value as a writer reads it: names instead of ids and keywords."""
    if field == "dataset":
        return datasets.named(value)
    if field == "objective.kind":
        return values.objectives()[value][0]
    if field in values.choices() and isinstance(value, str):
        return values.choices()[field][value]
    return value


def base_name(job: Job) -> str:
    """The base model of a run by its name on the list, or as the spec has it."""
    wanted = spec_of(job).model
    found = (record.name for record in models.list_all() if record.model == wanted)
    return next(found, wanted.name or wanted.source)


def samples(runs: Sequence[Job]) -> list[Samples]:
    """The newest text of every run from each opening that at least one of them wrote on from,
    those first that the most have in common."""
    base: dict[str, str] = {}
    texts: dict[str, dict[str, str]] = {}
    for job in runs:
        for row in events.samples(db(), job.id):
            if row["step"] == 0:
                base.setdefault(row["prompt"], row["text"])
            else:
                texts.setdefault(row["prompt"], {})[job.id] = row["text"]
    shared = sorted(texts, key=lambda prompt: -len(texts[prompt]))
    return [Samples(prompt, base.get(prompt, ""), texts[prompt]) for prompt in shared]


def resume(job_id: str) -> Job:
    """Go on with a run that was stopped or failed, from its last checkpoint."""
    return jobs.retry(get(job_id).id)


def stop(job_id: str) -> Job:
    """Stop a run within one step; what it learned is kept."""
    return jobs.cancel(get(job_id).id)
