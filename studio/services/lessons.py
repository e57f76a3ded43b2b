"""What can be done with a lesson besides starting it: extend, mend, make smaller, sweep."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from studio.domain.changes import applied, changed
from studio.domain.jobs import Job, JobState
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.jobs import reconcile
from studio.language import _
from studio.preflight.checks import memory
from studio.services import datasets, jobs, training
from studio.services.context import db, store
from studio.store import adapters, events
from studio.training import reading
from studio.training.arguments import steps_of
from studio.training.failures import lowered

MOST_RUNS = 12
OWN = frozenset({"kind", "name", "sweep", "extends", "parent", "foreseen_memory"})
"""Fields that make no run different from another."""


def recheck(job: Job) -> None:
    """Look a training over before it is queued again: its dataset, base model, device and disk.

    Raises:
        StudioError: something it needs is gone, or preflight finds that it would fail.
    """
    if any(reconcile.references(job.spec)):
        return  # what it waits for is not made yet
    spec = reading.spec_of(job.spec)
    if spec.dataset not in store():
        raise StudioError(
            _("The dataset of this lesson is gone."),
            _("Its files are not in the studio's store any more."),
            _("Prepare it again on the Datasets page, then start a new lesson."),
            "dataset",
        )
    training.checked(spec)


def extend(job_id: str, steps: int | None = None, epochs: float | None = None) -> Job:
    """Learn on where a finished lesson ended, for so many more steps or passes (default: as many
    as it had); the whole chain behind Start, as one click. The new lesson counts its steps on
    from the old one's, and its rate is planned anew: it rises to where a lesson of that length
    would be, and falls from there.

    Raises:
        StudioError: the lesson has not finished, its last checkpoint is gone, or preflight
            found something in the way.
    """
    job = jobs.get(job_id)
    done = _last_step(job)
    spec = reading.spec_of(job.spec)
    in_a_pass = _steps_in_a_pass(spec)
    more = steps or (round(epochs * in_a_pass) if epochs else done)
    changes = {
        "name": spec.name or datasets.named(spec.dataset),
        "extends": job.checkpoint,
        "parent": _adapter_of(job),
        "max_steps": done + max(1, more),
        "epochs": round((done + max(1, more)) / in_a_pass, 6),
        "sweep": None,
        "foreseen_memory": None,
    }
    return training.teach(changed(spec, changes)).train


def mended(job_id: str) -> TrainSpec | None:
    """How to go on with a lesson that went astray: from its last good checkpoint, where it has
    one, at a fifth of the rate. None where the lesson failed for another reason."""
    job = jobs.get(job_id)
    if not _failed_by(job, "diverged"):
        return None
    spec = reading.spec_of(job.spec)
    return _going_on(job, spec.model_copy(update={"learning_rate": lowered(spec.learning_rate)}))


def smaller(job_id: str) -> TrainSpec | None:
    """A lesson that ran out of memory, with the change that costs least in quality and should
    make it fit. What it had learned is kept where the change allows it. None where it failed for
    another reason, or where nothing helps but a smaller model or a larger machine."""
    job = jobs.get(job_id)
    if not _failed_by(job, "memory"):
        return None
    spec = reading.spec_of(job.spec)
    known = training.facts(spec)
    need = training.foreseen(spec, known)
    if need is None or known.device is None:
        return None
    # It did not fit although this much was foreseen: what is tried next must need clearly less.
    usable = memory.TIGHT * min(known.device.memory, need.total)
    for remedy in memory.lighter(spec, known, usable):
        found = applied(spec, remedy).model_copy(update={"foreseen_memory": None})
        same = set(remedy.changes) <= {"batch_size", "accumulation"} and _together(
            found
        ) == _together(spec)
        return _going_on(job, found) if same else found.model_copy(update={"extends": None})
    return None


def again(job_id: str, spec: TrainSpec) -> Job:
    """Start ``spec`` in place of a lesson that failed; what waited for that one is cancelled.

    Raises:
        StudioError: preflight found something in the way; nothing is cancelled then.
    """
    started = training.teach(spec).train
    gone = {job_id}
    for waiting in reversed(jobs.alive()):  # the oldest first: who waits comes after
        if waiting.state is JobState.WAITING and gone & set(waiting.after):
            gone.add(jobs.cancel(waiting.id).id)
    return started


def sweep(spec: TrainSpec, values: Mapping[str, Sequence[Any]]) -> list[Job]:
    """One run for every combination of ``values`` (fields of a spec, as ``learning_rate`` or
    ``lora.rank``, and what to try), one behind the other: whichever fails, the next one begins.
    Asked for again while one of them is alive, it finds the same runs. They are trainings alone;
    the one that is liked best can be converted for the desk.

    Raises:
        StudioError: there are too many, a field is not known, a value is of no use, or preflight
            finds that a run would fail.
    """
    specs = planned(spec, values)
    running = [job for job in swept(specs[0].sweep or "") if not job.ended]
    if running:
        return swept(specs[0].sweep or "")
    ready = [training.checked(each) for each in specs]
    placed: list[Job] = []
    with jobs.together():
        for each in ready:
            placed.append(training.submit(each, behind=[job.id for job in placed[-1:]]))
    return placed


def planned(spec: TrainSpec, values: Mapping[str, Sequence[Any]]) -> list[TrainSpec]:
    """The specs of a sweep; each one's name says its values.

    Raises:
        StudioError: as ``sweep``.
    """
    tried = {field: tuple(dict.fromkeys(found)) for field, found in values.items() if found}
    grid = [dict(zip(tried, each, strict=True)) for each in product(*tried.values())]
    if not tried or len(grid) > MOST_RUNS:
        raise StudioError(
            _("{count} runs cannot be tried one after another.").format(
                count=len(grid) if tried else 0
            ),
            _("A sweep has at least one value and at most {most} runs.").format(most=MOST_RUNS),
            _("Name a few values of one setting or two."),
        )
    plain = spec.model_copy(update={"foreseen_memory": None, "sweep": None})
    said = json.dumps([plain.model_dump(mode="json"), grid], sort_keys=True, default=str)
    common = hashlib.sha256(said.encode()).hexdigest()[:16]
    return [_one(plain, changes, common) for changes in grid]


def swept(sweep_id: str) -> list[Job]:
    """The runs of one sweep, the first one first; of runs that were tried again, the newest."""
    found = {
        job.spec["name"]: job
        for job in reversed(training.runs())
        if sweep_id and job.spec.get("sweep") == sweep_id
    }
    return list(found.values())


def _one(spec: TrainSpec, changes: dict[str, Any], common: str) -> TrainSpec:
    said = ", ".join(
        f"{field.split('.')[-1].replace('_', ' ')} {v}" for field, v in changes.items()
    )
    if own := OWN & {field.split(".")[0] for field in changes}:
        raise reading.unknown(*sorted(own))
    return reading.with_changes(
        spec, {**changes, "name": f"{spec.name[:80]} · {said}", "sweep": common}
    )


def _last_step(job: Job) -> int:
    """At which step the job's last checkpoint was saved."""
    if job.state is not JobState.FINISHED:
        raise StudioError(
            _("This lesson has not finished."),
            _("Only a lesson that came to its end can be extended."),
            _("Go on with it instead."),
        )
    kept = {row["artifact"]: int(row["step"]) for row in events.checkpoints(db(), job.id)}
    last = job.checkpoint or ""
    if last not in kept or last not in store():
        raise StudioError(
            _("This lesson cannot be extended."),
            _("Its last checkpoint is not in the studio any more."),
            _("Start a new lesson with more steps."),
            "checkpoint",
        )
    return kept[last]


def _steps_in_a_pass(spec: TrainSpec) -> int:
    once = spec.model_copy(update={"epochs": 1.0, "max_steps": None, "extends": None})
    return steps_of(once, datasets.get(spec.dataset).train)


def _failed_by(job: Job, cause: str) -> bool:
    return job.state is JobState.FAILED and job.failure is not None and job.failure.cause == cause


def _going_on(job: Job, spec: TrainSpec) -> TrainSpec:
    """``spec`` from the newest checkpoint of ``job`` that is there, with the steps it had."""
    kept = [c for c in (job.checkpoint, *job.earlier) if c and c in store()]
    changes: dict[str, Any] = {}
    if kept:
        changes = {"extends": kept[0], "parent": _adapter_of(job), "max_steps": job.steps}
    return spec.model_copy(update={**changes, "foreseen_memory": None})


def _adapter_of(job: Job) -> str | None:
    """What the job put on the shelf, though it may have failed in the end."""
    return next((voice.id for voice in adapters.select(db()) if voice.job_id == job.id), None)


def _together(spec: TrainSpec) -> int:
    return spec.batch_size * spec.accumulation
