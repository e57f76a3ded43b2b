"""A real training, killed on its way, ends where one ends that was left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psutil
import pytest

from studio.domain.jobs import Job, JobState
from studio.domain.specs import TrainSpec
from studio.services import context, jobs
from studio.store import events
from tests.faults.stack import Stack, assert_artifacts_are_whole, ended, kill, standing, until
from tests.training.material import small, write_dataset

pytestmark = pytest.mark.faults

SAVE_EVERY = 6
STEPS = 24
PATIENCE = 240.0
"""Seconds for a training; a worker that was killed loads its libraries anew."""
FIGURES = ("loss", "eval_loss", "nll_before", "nll_after")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with standing(tmp_path_factory.mktemp("training"), train=1) as started:
        yield started


@pytest.fixture(scope="module")
def spec(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> TrainSpec:
    dataset = context.store().put(write_dataset(tmp_path_factory.mktemp("dataset")))
    return small(
        dataset,
        max_steps=STEPS,
        save_every=SAVE_EVERY,
        evaluate_every=SAVE_EVERY,
        samples=0,
    )


@pytest.fixture(scope="module")
def left_alone(stack: Stack, spec: TrainSpec) -> Job:
    return finished(jobs.submit(spec, "left alone"))


def work_horse(stack: Stack) -> None:
    kill(*(child.pid for child in psutil.Process(stack.pid("train-0")).children()))


def worker(stack: Stack) -> None:
    kill(stack.pid("train-0"))


@pytest.mark.parametrize("strike", [work_horse, worker], ids=lambda strike: strike.__name__)
def test_it_goes_on_from_its_last_checkpoint_to_the_same_end(
    stack: Stack,
    spec: TrainSpec,
    left_alone: Job,
    strike: Callable[[Stack], None],
    record_recovery: Callable[[str, float], None],
) -> None:
    job = jobs.submit(spec, f"struck: {strike.__name__}")
    until(lambda: under_way(job), PATIENCE, "the training to be past its first checkpoint")
    strike(stack)
    reached = jobs.get(job.id).step
    assert not ended(job)
    seconds = until(
        lambda: jobs.get(job.id).attempt == 2 and jobs.get(job.id).state is JobState.RUNNING,
        PATIENCE,
        "the training to go on",
    )
    record_recovery(f"training: kill -9 {strike.__name__}, until it goes on", seconds)
    found = finished(job)
    assert SAVE_EVERY < first_step_of(found) <= reached + 1
    assert found.result is not None
    assert left_alone.result is not None
    for figure in FIGURES:
        assert found.result[figure] == pytest.approx(left_alone.result[figure], abs=1e-6)
    assert losses(found) == pytest.approx(losses(left_alone), abs=1e-6)
    assert_every_event_once(found)
    assert_artifacts_are_whole()


def under_way(job: Job) -> bool:
    assert not ended(job), "it was over before it could be struck"
    saved = events.checkpoints(context.db(), job.id)
    return bool(saved) and jobs.get(job.id).step > saved[-1]["step"]


def finished(job: Job) -> Job:
    until(lambda: ended(job), PATIENCE, "the training to end")
    found = jobs.get(job.id)
    assert found.state is JobState.FINISHED, found.failure
    return found


def losses(job: Job) -> dict[int, float]:
    rows = events.metrics(context.db(), job.id)
    return {row["step"]: row["value"] for row in rows if row["name"] == "loss"}


def first_step_of(job: Job) -> int:
    """The first step that the final attempt did itself."""
    row = context.db().conn.execute(
        "SELECT min(json_extract(body, '$.step')) FROM events"
        " WHERE job_id = ? AND attempt = ? AND type = 'progressed'",
        [job.id, job.attempt],
    )
    return int(row.fetchone()[0])


def assert_every_event_once(job: Job) -> None:
    rows = context.db().conn.execute(
        "SELECT seq FROM events WHERE job_id = ? AND attempt = ? ORDER BY seq",
        [job.id, job.attempt],
    )
    seqs = [row[0] for row in rows]
    assert seqs == list(range(1, len(seqs) + 1))
