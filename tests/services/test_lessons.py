"""Extending, mending, making smaller, sweeping, and the look before a lesson is queued again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from studio.domain.jobs import Failure, Job, JobState
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.jobs.pruning import prune
from studio.services import datasets, jobs, lessons, training
from studio.services.context import db, store
from studio.settings import Settings
from studio.store import checkpoints, events
from studio.store import jobs as rows
from studio.store.database import write
from studio.training import reading
from studio.training.arguments import steps_of
from tests.jobrows import a_job, put
from tests.services import shelf


@pytest.fixture
def spec(home: Settings, roomy: None) -> TrainSpec:
    """Six examples, two at a time: three steps a pass, twelve in all."""
    return TrainSpec(name="Mine", dataset=shelf.put().id, batch_size=2, epochs=4.0)


def checkpoint(folder: Path, content: str) -> str:
    made = folder / content
    made.mkdir()
    (made / "course.json").write_text(content)
    return store().put(made)


def ended(
    spec: TrainSpec, state: JobState, folder: Path, cause: str = "", **changes: Any
) -> tuple[Job, str]:
    """A job as it is once its lesson has ended after a checkpoint at step 12; the checkpoint."""
    failure = Failure(what="a", why="b", remedy="c", cause=cause) if cause else None
    saved = checkpoint(folder, f"{state} {cause}")
    given = {"state": state, "failure": failure, "checkpoint": saved, "steps": 12, "step": 12}
    given |= {"kind": "train", "queue": "train", "spec": spec.model_dump(mode="json")}
    job = put(db(), a_job("old", **given | changes, ended_at=time.time()))
    with write(db()):
        events.add_checkpoint(db(), job.id, saved, 12, time.time())
    return job, saved


def asked(job: Job) -> TrainSpec:
    return TrainSpec.model_validate(job.spec)


def test_a_setting_nobody_knows_is_named_with_the_one_that_was_meant(spec: TrainSpec) -> None:
    with pytest.raises(StudioError) as caught:
        reading.spec_of({**spec.model_dump(), "learning_rat": 1e-3})
    assert "“learning_rat”" in caught.value.what
    assert caught.value.remedy == "Did you mean “learning_rate”?"
    with pytest.raises(StudioError) as caught:
        reading.spec_of({**spec.model_dump(), "lora": {"rank": 0}})
    assert "“lora.rank”" in caught.value.what
    assert "at least 1" in caught.value.why
    assert reading.spec_of(spec.model_dump(mode="json")) == spec


def test_a_finished_lesson_is_extended(spec: TrainSpec, tmp_path: Path) -> None:
    job, saved = ended(spec, JobState.FINISHED, tmp_path)
    further = asked(lessons.extend(job.id, steps=9))
    assert (further.extends, further.max_steps, further.epochs) == (saved, 21, 7.0)
    assert steps_of(further, 6) == steps_of(further, 5) == 21
    assert asked(lessons.extend(job.id, epochs=2)).max_steps == 18
    assert asked(lessons.extend(job.id)).max_steps == 24
    again = lessons.extend(job.id, steps=9)
    assert len([j for j in training.runs() if asked(j).max_steps == 21]) == 1
    chain = {j.kind for j in jobs.list_jobs(states=[JobState.WAITING]) if again.id in j.after}
    assert chain == {"convert", "register"}


def test_only_what_has_finished_and_is_there_can_be_extended(
    spec: TrainSpec, tmp_path: Path
) -> None:
    job, saved = ended(spec, JobState.CANCELLED, tmp_path)
    with pytest.raises(StudioError, match="has not finished"):
        lessons.extend(job.id, steps=3)
    with write(db()):
        rows.update(db(), job.id, state="finished")
    store().delete(saved)
    with pytest.raises(StudioError, match="not in the studio any more"):
        lessons.extend(job.id, steps=3)


def test_what_a_lesson_is_to_learn_on_from_is_not_pruned(spec: TrainSpec, tmp_path: Path) -> None:
    job, saved = ended(spec.model_copy(update={"keep_checkpoints": 1}), JobState.FINISHED, tmp_path)
    later = lessons.extend(job.id, steps=3)
    newer = checkpoint(tmp_path, "newer")
    with write(db()):
        events.add_checkpoint(db(), job.id, newer, 13, time.time())
        rows.update(db(), job.id, checkpoint=newer)
    assert prune(db(), store()) == []
    assert saved in store()
    with write(db()):
        rows.update(db(), later.id, state="finished")
    assert prune(db(), store()) == [saved]
    assert checkpoints.discarded(db()) == []


def test_a_lesson_that_went_astray_is_mended(spec: TrainSpec, tmp_path: Path) -> None:
    job, saved = ended(spec, JobState.FAILED, tmp_path, "diverged", step=9)
    mended = lessons.mended(job.id)
    assert mended is not None
    assert (mended.learning_rate, mended.extends) == (spec.learning_rate / 5, saved)
    assert steps_of(mended, 6) == steps_of(spec, 6)
    assert lessons.smaller(job.id) is None
    store().delete(saved)
    from_the_start = lessons.mended(job.id)
    assert from_the_start is not None
    assert (from_the_start.extends, from_the_start.learning_rate) == (None, mended.learning_rate)


def test_what_ran_out_of_memory_is_made_smaller(spec: TrainSpec, tmp_path: Path) -> None:
    big = spec.model_copy(update={"batch_size": 64, "max_length": 8192})
    job, saved = ended(big, JobState.FAILED, tmp_path, "memory")
    smaller = lessons.smaller(job.id)
    assert smaller is not None
    assert smaller.batch_size * smaller.accumulation == 64
    assert smaller.batch_size < 64
    assert smaller.extends == saved, "what it had learned is kept where the result stays the same"
    known = training.facts(big)
    before, after = (training.foreseen(each, known) for each in (big, smaller))
    assert before is not None
    assert after is not None
    assert after.total < 0.85 * before.total
    assert lessons.mended(job.id) is None


def test_where_nothing_helps_nothing_is_offered(spec: TrainSpec, tmp_path: Path) -> None:
    least = spec.model_copy(update={"batch_size": 1, "max_length": 32, "quantisation": "nf4"})
    job, _saved = ended(least, JobState.FAILED, tmp_path, "memory")
    assert lessons.smaller(job.id) is None


def test_what_waited_for_a_failed_lesson_makes_room_for_the_new_one(
    spec: TrainSpec, tmp_path: Path
) -> None:
    teaching = training.teach(spec)
    failure = Failure(what="a", why="b", remedy="c", cause="diverged").model_dump()
    with write(db()):
        rows.move(db(), teaching.train.id, JobState.RUNNING)
        rows.move(db(), teaching.train.id, JobState.FAILED, failure=failure, step=0)
    mended = lessons.mended(teaching.train.id)
    assert mended is not None
    begun = lessons.again(teaching.train.id, mended)
    base, *waited = teaching.carried
    assert {jobs.get(job.id).state for job in waited} == {JobState.CANCELLED}
    assert not jobs.get(base.id).ended, "the new one needs it, too"
    assert len([j for j in jobs.alive() if begun.id in j.after]) == 2


def test_a_sweep_is_one_run_behind_the_other(spec: TrainSpec) -> None:
    tried = {"learning_rate": [1e-3, 2e-3], "lora.rank": [4, 8]}
    runs = lessons.sweep(spec, tried)
    assert [asked(run).name for run in runs] == [
        "Mine · learning rate 0.001, rank 4",
        "Mine · learning rate 0.001, rank 8",
        "Mine · learning rate 0.002, rank 4",
        "Mine · learning rate 0.002, rank 8",
    ]
    assert [run.behind for run in runs] == [(), *((run.id,) for run in runs[:-1])]
    assert [jobs.get(run.id).state for run in runs] == [JobState.QUEUED, *[JobState.WAITING] * 3]
    with write(db()):  # the first one is over before the second click
        rows.move(db(), runs[0].id, JobState.RUNNING)
        rows.move(db(), runs[0].id, JobState.FAILED)
    assert [run.id for run in lessons.sweep(spec, tried)] == [run.id for run in runs]
    assert [run.id for run in lessons.swept(asked(runs[0]).sweep or "")] == [r.id for r in runs]
    other = lessons.sweep(spec, {"seed": [1, 2]})
    assert asked(other[0]).sweep != asked(runs[0]).sweep


@pytest.mark.parametrize(
    ("tried", "said"),
    [
        ({}, "0 runs"),
        ({"seed": range(13)}, "13 runs"),
        ({"seed": range(4), "lora.rank": [1, 2, 4, 8]}, "16 runs"),
        ({"warmth": [1]}, "“warmth”"),
        ({"name": ["a"]}, "“name”"),
        ({"lora.rnk": [1]}, "“lora.rnk”"),
        ({"learning_rate": [1e-3, 0]}, "“learning_rate”"),
    ],
)
def test_a_sweep_that_cannot_be_made(spec: TrainSpec, tried: dict[str, Any], said: str) -> None:
    with pytest.raises(StudioError, match=said):
        lessons.sweep(spec, tried)
    assert training.runs() == []


def test_of_a_sweep_that_preflight_blocks_no_run_is_queued(spec: TrainSpec) -> None:
    with pytest.raises(StudioError, match="taken to the desk"):
        lessons.sweep(spec, {"lora.target_modules": ["all-linear", "lm_head"]})
    assert training.runs() == []


def test_a_lesson_is_looked_over_before_it_is_queued_again(spec: TrainSpec, tmp_path: Path) -> None:
    job, _saved = ended(spec, JobState.CANCELLED, tmp_path)
    datasets.delete(spec.dataset)
    with pytest.raises(StudioError, match="was deleted") as caught:
        jobs.retry(job.id)
    assert "restore" in caught.value.remedy.lower()
    datasets.restore(spec.dataset)
    store().delete(spec.dataset)
    with pytest.raises(StudioError, match="is gone"):
        jobs.retry(job.id)
    assert jobs.get(job.id).state is JobState.CANCELLED
    assert shelf.put().id == spec.dataset
    assert jobs.retry(job.id).state is JobState.QUEUED


def test_a_deleted_dataset_is_not_learned_from(spec: TrainSpec) -> None:
    datasets.delete(spec.dataset)
    with pytest.raises(StudioError, match="was deleted"):
        training.teach(spec)


def test_two_lessons_may_have_one_name(spec: TrainSpec) -> None:
    one, other = training.teach(spec), training.teach(spec.model_copy(update={"seed": 1}))
    assert one.train.id != other.train.id
    assert one.train.title == other.train.title
    assert one.carried[0].id == other.carried[0].id
