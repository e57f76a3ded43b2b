"""kill −9 of every process, while jobs stand at every stage at once."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from studio.domain.jobs import Job
from studio.jobs import broker
from studio.services import jobs
from tests.faults.engine import STORED, Plan
from tests.faults.stack import (
    Stack,
    assert_artifacts_are_whole,
    assert_right,
    ended,
    kill,
    standing,
)
from tests.waiting import until

pytestmark = pytest.mark.faults

STAGES = ("started", "mid-progress", "after checkpoint", "artifact", "before finish", "queued")
HELD = STAGES[:-1]


def work_horses(stack: Stack) -> None:
    kill(*stack.horses())


def workers(stack: Stack) -> None:
    kill(*stack.workers())


def both(stack: Stack) -> None:
    kill(*stack.workers(), *stack.horses())


def recorder(stack: Stack) -> None:
    kill(stack.pid("recorder"))


def the_broker(stack: Stack) -> None:
    kill(stack.pid("broker"))


def broker_and_its_folder(stack: Stack) -> None:
    kill(stack.pid("broker"))
    shutil.rmtree(broker.folder(stack.home))


def everything(stack: Stack) -> None:
    kill(*stack.workers(), *stack.horses(), stack.pid("recorder"), stack.pid("broker"))


INTERRUPTING = (work_horses, workers, both, everything)
"""What ends the jobs that are running; the others' jobs go on, and are not run again."""
STRIKES = (*INTERRUPTING, recorder, the_broker, broker_and_its_folder)


@dataclass
class Struck:
    jobs: dict[str, tuple[Job, Plan]]
    interrupted: bool


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with standing(tmp_path_factory.mktemp("kills"), cpu=len(HELD)) as started:
        yield started


@pytest.fixture(scope="module", params=STRIKES, ids=lambda strike: strike.__name__)
def struck(
    stack: Stack, request: pytest.FixtureRequest, record_recovery: Callable[[str, float], None]
) -> Struck:
    strike: Callable[[Stack], None] = request.param
    placed = {stage: place(stack, strike.__name__, stage) for stage in STAGES}
    for stage in HELD:
        until(placed[stage][1].mark(stage).exists, f"a job to be at {stage!r}")
    for stage in HELD[1:]:
        until(lambda: jobs.get(placed[stage][0].id).checkpoint, "checkpoints to be known")  # noqa: B023
    assert len(stack.incoming()) == STORED
    strike(stack)
    begun = time.monotonic()
    for _, plan in placed.values():
        plan.mark("go").touch()
    until(lambda: all(ended(job) for job, _ in placed.values()), strike.__name__)
    seconds = time.monotonic() - begun
    record_recovery(f"kill -9 {strike.__name__}", seconds)
    return Struck(placed, strike in INTERRUPTING)


def place(stack: Stack, strike: str, stage: str) -> tuple[Job, Plan]:
    megabytes = 2 * STORED if stage == "artifact" else 1
    plan = stack.plan(f"{strike} {stage}", hold=stage, megabytes=megabytes)
    return stack.submit(plan), plan


@pytest.mark.parametrize("stage", STAGES)
def test_every_job_comes_right(struck: Struck, stage: str) -> None:
    job, plan = struck.jobs[stage]
    found = assert_right(job, plan)
    interrupted = struck.interrupted and stage != "queued"
    assert found.attempt == (2 if interrupted else 1)
    assert found.result is not None
    if interrupted and stage != "started":
        assert found.result["from"] > 0, "it did not go on from its checkpoint"


def test_no_artifact_is_half_there(struck: Struck) -> None:
    assert_artifacts_are_whole()


def test_no_attempt_ran_twice(struck: Struck) -> None:
    for job, plan in struck.jobs.values():
        runs = plan.mark("runs").read_text().splitlines()
        assert len(runs) == jobs.get(job.id).attempt


def test_no_process_is_left_behind(stack: Stack) -> None:
    stack.stop()
    until(lambda: stack.leftovers() == [], "every process to be gone")
    assert Path(stack.home.data).is_dir()
