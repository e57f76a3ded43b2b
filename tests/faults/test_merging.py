"""kill −9 while voices are merged: the mix is made anew, and stands on its shelf once."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from studio.domain.jobs import Job, JobState
from studio.domain.merges import MergeSpec
from studio.services import adapters, jobs, merging, models
from tests.faults.stack import Stack, assert_artifacts_are_whole, ended
from tests.faults.test_training import (
    assert_every_event_once,
    caught,
    scratch,
    shelved,
    stack,
    work_horse,
    worker,
)
from tests.services.test_merging import voice
from tests.waiting import until

__all__ = ["stack"]
pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def spec(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> MergeSpec:
    folder = tmp_path_factory.mktemp("voices")
    dataset = shelved(folder / "dataset")
    weights = {voice(folder, name, std).id: 0.5 for name, std in (("One", 0.03), ("Two", 0.05))}
    spec = merging.plan(weights, "Both", method="svd")
    parts = tuple(part.model_copy(update={"dataset": dataset}) for part in spec.parts)
    return spec.model_copy(update={"parts": parts})


def reading(job: Job) -> bool:
    return "never learned" in job.note


def handing_over(job: Job) -> bool:
    return bool(scratch(job, "model/*.safetensors"))


@pytest.mark.parametrize(
    ("into", "reached", "strike"),
    [("adapter", reading, worker), ("model", handing_over, work_horse)],
    ids=["adapter", "model"],
)
def test_it_comes_back_and_leaves_nothing_by_halves(
    stack: Stack,
    spec: MergeSpec,
    into: str,
    reached: Callable[[Job], bool],
    strike: Callable[[Stack], None],
    record_recovery: Callable[[str, float], None],
) -> None:
    asked = spec.model_copy(update={"into": into, "measure": into == "adapter"})
    before: dict[str, set[str]] = {}
    struck = time.monotonic()

    def strike_it() -> None:
        nonlocal struck
        before.update(shelves())
        struck = time.monotonic()
        strike(stack)

    title = f"merged into {into}"
    job = caught(lambda: jobs.submit(asked, title), (title, reached, strike_it))
    left = shelves()
    assert left == before or ended(job)
    until(lambda: ended(job), "the mix to end")
    seconds = time.monotonic() - struck
    record_recovery(f"{job.title}: kill -9 {strike.__name__}, until it is done", seconds)
    found = jobs.get(job.id)
    assert found.state is JobState.FINISHED, found.failure
    assert found.attempt == 2
    assert found.result is not None
    assert shelves() == {**before, into: {*before[into], found.result[into]}}
    assert len(found.result["kept"]) == (2 if into == "adapter" else 0)
    assert_every_event_once(found)
    assert_artifacts_are_whole()


def shelves() -> dict[str, set[str]]:
    return {
        "adapter": {record.id for record in adapters.list_all()},
        "model": {record.id for record in models.list_all()},
    }
