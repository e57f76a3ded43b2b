"""A real training, killed, starved of disk or of its files on its way, ends where one ends that
was left alone; what cannot be cured is said, and the worker takes the next job."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from safetensors.torch import load_file, save_file

from studio.domain.base import Model
from studio.domain.jobs import Job, JobState
from studio.domain.learning import LoraSpec
from studio.domain.records import DatasetRecord
from studio.domain.specs import TrainSpec
from studio.services import context, jobs
from studio.settings import settings
from studio.store import checkpoints, database, datasets, events
from tests.faults.stack import Stack, assert_artifacts_are_whole, ended, kill, standing
from tests.models.folders import copied
from tests.training.material import examples, small, write_dataset
from tests.waiting import until

pytestmark = pytest.mark.faults

SAVE_EVERY = 4
STEPS = 12
Strike = Callable[[], None]
FIGURES = ("loss", "eval_loss", "nll_before", "nll_after")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with standing(tmp_path_factory.mktemp("training"), train=1) as started:
        yield started


@pytest.fixture(scope="module")
def spec(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> TrainSpec:
    return spec_of(shelved(tmp_path_factory.mktemp("dataset")))


def spec_of(dataset: str) -> TrainSpec:
    return small(
        dataset, max_steps=STEPS, save_every=SAVE_EVERY, evaluate_every=SAVE_EVERY, samples=0
    )


def shelved(folder: Path) -> str:
    """A dataset in the store and on the shelf; measuring on it takes long enough to be struck."""
    split = {"examples": 12, "tokens": 2_000, "longest": 200}
    train, held_out = (examples(n, seed=n, sentences=4) for n in (12, 16))
    artifact = context.store().put(write_dataset(folder, train, held_out))
    record = DatasetRecord(
        id=artifact, name="Mine", job_id="j", language="en", train=12, validation=16, tokens=2_000,
        statistics={"train": split, "validation": split}, created_at=time.time(),
    )  # fmt: skip
    with database.write(context.db()) as connection:
        datasets.insert(connection, record)
    return artifact


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
    title = f"struck: {strike.__name__}"
    saved, struck = 0, time.monotonic()

    def under_way(job: Job) -> bool:
        nonlocal saved
        saved = max((row["step"] for row in events.checkpoints(context.db(), job.id)), default=0)
        return 0 < saved < job.step

    def strike_it() -> None:
        nonlocal struck
        struck = time.monotonic()
        strike(stack)

    stage = ("being past the first checkpoint", under_way, strike_it)
    job = caught(lambda: jobs.submit(spec, title), stage)
    seconds = time.monotonic() - struck
    record_recovery(f"training: kill -9 {strike.__name__}, until it goes on", seconds)
    found = finished(job)
    assert SAVE_EVERY <= saved < first_step_of(found) <= STEPS + 1
    assert_the_same(found, left_alone)


def assert_the_same(found: Job, left_alone: Job) -> None:
    assert found.result is not None
    assert left_alone.result is not None
    for figure in FIGURES:
        assert found.result[figure] == pytest.approx(left_alone.result[figure], abs=1e-6)
    assert losses(found) == pytest.approx(losses(left_alone), abs=1e-6)
    assert_every_event_once(found)
    assert_artifacts_are_whole()


STAGES: dict[str, Callable[[Job], bool]] = {
    "reading the untaught model": lambda job: "untaught" in job.note,
    "measuring": lambda job: job.step == SAVE_EVERY and SAVE_EVERY not in measured(job),
    "saving a checkpoint": lambda job: bool(scratch(job, "trainer/checkpoint-*")),
    "handing the adapter over": lambda job: bool(scratch(job, "adapter")),
}


class Missed(Exception):
    """The job went past a stage before anyone saw it there."""


TRIES = 15


def caught(submit: Callable[[], Job], *stages: tuple[str, Callable[[Job], bool], Strike]) -> Job:
    """A job that was struck at each of the stages, one attempt after the other, and goes on; where
    one was over too soon, the next."""
    for _try in range(TRIES):
        job = submit()
        with contextlib.suppress(Missed):
            for attempt, (what, reached, strike) in enumerate(stages, 1):
                until(lambda: reached(at_attempt(job, attempt)), f"the stage of {what}")  # noqa: B023
                strike()
            until(lambda: goes_on(job, len(stages)), "the job to go on")  # noqa: B023
            return job
    raise AssertionError(f"{job.title} was over too soon {TRIES} times")


def test_killed_at_every_stage_it_ends_the_same(
    stack: Stack, spec: TrainSpec, left_alone: Job
) -> None:
    stages = [(what, reached, partial(work_horse, stack)) for what, reached in STAGES.items()]
    found = finished(caught(lambda: jobs.submit(spec, "struck again and again"), *stages))
    assert found.attempt == len(STAGES) + 1
    assert_the_same(found, left_alone)


def at_attempt(job: Job, attempt: int) -> Job:
    found = jobs.get(job.id)
    if found.ended:
        raise Missed
    assert found.attempt <= attempt, "it was struck where nobody meant to"
    running = found.attempt == attempt and found.state is JobState.RUNNING
    return found if running else found.model_copy(update={"attempt": 0, "note": "", "step": 0})


def goes_on(job: Job, struck: int) -> bool:
    """The blow at its last attempt may have fallen when that was over, before anyone wrote so."""
    found = jobs.get(job.id)
    if found.ended and found.attempt == struck:
        raise Missed
    return found.attempt > struck


def scratch(job: Job, name: str) -> list[Path]:
    try:
        return list((settings().run / "work").glob(f"{job.id}-{job.attempt}-*/{name}"))
    except FileNotFoundError:  # it went while it was looked at
        return []


def measured(job: Job) -> set[int]:
    rows = events.metrics(context.db(), job.id)
    return {row["step"] for row in rows if row["name"] == "nll_per_character"}


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(
    stack: Stack, spec: TrainSpec, left_alone: Job
) -> None:
    placed: list[Job] = []
    saved: list[dict[str, Any]] = []

    def submit() -> Job:
        placed.append(jobs.submit(spec, f"damaged {len(placed)}"))
        return placed[-1]

    def strike() -> None:
        saved[:] = events.checkpoints(context.db(), placed[-1].id)
        weights = files(saved[-1]) / "adapter_model.safetensors"
        weights.chmod(0o644)
        weights.write_bytes(weights.read_bytes()[:-1])
        work_horse(stack)
        until(lambda: goes_on(placed[-1], 1), "the training to go on")
        if last_saved(placed[-1], attempt=1) != saved[-1]["step"]:
            raise Missed

    def files(checkpoint: dict[str, Any]) -> Path:
        return stack.home.data / "artifacts" / checkpoint["artifact"] / "files"

    found = finished(caught(submit, ("two checkpoints", saved_twice, strike)))
    assert first_step_of(found) == saved[-2]["step"] + 1
    assert saved[-1]["artifact"][:12] in log(found)
    # Pruning may have taken it; if not, nothing else in the store may be damaged.
    shutil.rmtree(files(saved[-1]).parent, ignore_errors=True)
    assert_the_same(found, left_alone)


def last_saved(job: Job, attempt: int) -> int:
    row = context.db().conn.execute(
        "SELECT max(json_extract(body, '$.step')) FROM events"
        " WHERE job_id = ? AND attempt = ? AND type = 'checkpoint'",
        [job.id, attempt],
    )
    return int(row.fetchone()[0])


def log(job: Job) -> str:
    return "\n".join(line["text"] for line in jobs.log(job.id))


def test_what_cannot_be_cured_is_said_and_the_next_job_is_taken(
    stack: Stack, spec: TrainSpec, tmp_path: Path
) -> None:
    base = copied(tmp_path / "model")
    weights = load_file(base / "model.safetensors")
    weights["model.norm.weight"].fill_(float("nan"))
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    broken = Model(source="local", name=str(base))
    gone = Model(source="local", name=str(tmp_path / "moved"))
    wrong = {
        "gone": ({"dataset": "0" * 64}, "The dataset of this lesson is gone."),
        "no numbers": ({"model": broken}, "gives no numbers."),
        "moved": ({"model": gone}, f"There is no model folder {tmp_path / 'moved'}."),
        "astray": ({"learning_rate": 1.0, "lora": LoraSpec(rank=4, alpha=1024)}, "went astray"),
    }
    placed = {
        name: jobs.submit(spec.model_copy(update=changes), name)
        for name, (changes, _said) in wrong.items()
    }
    behind = jobs.submit(spec.model_copy(update={"max_steps": 2}), "behind them")
    for job in placed.values():
        until(lambda: ended(job), f"{job.title} to fail")  # noqa: B023
    finished(behind)
    for name, job in placed.items():
        found = jobs.get(job.id)
        assert found.state is JobState.FAILED
        assert found.failure is not None
        assert wrong[name][1] in found.failure.what
        assert found.failure.remedy
        assert found.failure.cause or name == "moved"
        assert found.attempt == 1
    assert_artifacts_are_whole()


def saved_twice(job: Job) -> bool:
    return len(events.checkpoints(context.db(), job.id)) > 1


def finished(job: Job) -> Job:
    until(lambda: ended(job), "the training to end")
    found = jobs.get(job.id)
    assert found.state is JobState.FINISHED, found.failure
    until(pruned, "the checkpoints that are not kept to go")
    return found


def pruned() -> bool:
    """Whether nothing in the store is about to be removed while a test looks at it."""
    db = context.db()
    return not checkpoints.surplus(db) and not checkpoints.discarded(db)


def losses(job: Job) -> dict[int, float]:
    rows = events.metrics(context.db(), job.id)
    return {row["step"]: row["value"] for row in rows if row["name"] == "loss"}


def first_step_of(job: Job) -> int:
    """The first step that the final attempt did itself, past the last if there was none left."""
    row = context.db().conn.execute(
        "SELECT coalesce(min(json_extract(body, '$.step')), ?) FROM events"
        " WHERE job_id = ? AND attempt = ? AND type = 'progressed'",
        [STEPS + 1, job.id, job.attempt],
    )
    return int(row.fetchone()[0])


def assert_every_event_once(job: Job) -> None:
    rows = context.db().conn.execute(
        "SELECT seq FROM events WHERE job_id = ? AND attempt = ? ORDER BY seq",
        [job.id, job.attempt],
    )
    seqs = [row[0] for row in rows]
    assert seqs == list(range(1, len(seqs) + 1))
