"""A real training on a disk that fills up at a checkpoint."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from studio.domain.jobs import JobState
from studio.domain.learning import LoraSpec
from studio.services import context, jobs
from studio.store import events
from tests.faults.stack import assert_artifacts_are_whole, ended, standing
from tests.faults.test_full_disk import small_disk
from tests.faults.test_training import (
    STEPS,
    TRIES,
    finished,
    first_step_of,
    losses,
    shelved,
    spec_of,
)
from tests.waiting import until

__all__ = ["small_disk"]
pytestmark = pytest.mark.faults
LEFT = 3 << 20
"""Bytes: too few for a checkpoint of eight megabytes, enough for what the studio notes itself."""


def test_a_disk_that_fills_up_at_a_checkpoint_loses_nothing(
    small_disk: Path, tmp_path: Path
) -> None:
    ballast = small_disk / "ballast"
    with standing(small_disk, train=1):
        spec = spec_of(shelved(tmp_path / "dataset"))
        larger = spec.model_copy(update={"lora": LoraSpec(rank=16, alpha=32)})
        for _try in range(TRIES):
            job = jobs.submit(larger, "too little disk")
            until(lambda: events.checkpoints(context.db(), job.id), "the first checkpoint")  # noqa: B023
            fill(small_disk, ballast)
            until(lambda: ended(job), "the training to fail")  # noqa: B023
            failed = jobs.get(job.id)
            if failed.state is not JobState.FINISHED:  # or it was over before the disk was full
                break
            ballast.unlink()
        assert failed.state is JobState.FAILED
        assert failed.failure is not None
        assert "full" in failed.failure.why
        ballast.unlink()
        saved = events.checkpoints(context.db(), job.id)[-1]
        jobs.retry(job.id)
        found = finished(job)
        assert first_step_of(found) == saved["step"] + 1
        assert sorted(losses(found)) == list(range(1, STEPS + 1))
        assert_artifacts_are_whole()


def fill(disk: Path, ballast: Path) -> None:
    """Until LEFT bytes are free; a training may be writing there meanwhile."""
    with ballast.open("ab") as file:
        while (free := shutil.disk_usage(disk).free) > LEFT:
            file.write(bytes(min(free - LEFT, 1 << 20)))
            file.flush()
