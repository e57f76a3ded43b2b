"""The whole data folder lies on a disk that fills up while an artifact is written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from studio.conversion import engine as conversion
from studio.domain.jobs import JobState
from studio.domain.specs import ConvertSpec
from studio.services import jobs
from tests.faults.stack import (
    assert_artifacts_are_whole,
    assert_right,
    ended,
    standing,
)
from tests.waiting import seconds_until, until
from tests.workroom import LocalRoom
from workers.tasks import explained

pytestmark = pytest.mark.faults
MEGABYTES = 64


def untested(what: str) -> NoReturn:
    """Said loudly; in CI it is a failure."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(f"NOT TESTED: {what}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a memory disk of MEGABYTES."""
    place = tmp_path / "disk"
    place.mkdir()
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        untested("the full disk needs root on Linux, to mount a small one.")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False).returncode:
        untested("the full disk; this machine does not let us mount a small one.")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize(("quantisation", "room"), [("F16", 6), ("Q8_0", 17)])
def test_a_model_that_does_not_fit_is_told_of_the_disk(
    small_disk: Path, quantisation: Any, room: int
) -> None:
    """Whether the converter finds no room, or the quantiser behind it."""
    (small_disk / "ballast").write_bytes(bytes((MEGABYTES - room) << 20))
    spec = ConvertSpec(name="starter", converter="base-gguf", quantisation=quantisation)
    with pytest.raises(OSError, match="No space left") as caught:
        conversion.run(spec, LocalRoom(small_disk))
    assert explained(caught.value).cause == "disk"


def test_a_full_disk_fails_the_job_in_plain_words_and_harms_nothing(
    small_disk: Path, record_recovery: Callable[[str, float], None]
) -> None:
    with standing(small_disk, cpu=1) as stack:
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(24 << 20))
        plan = stack.plan("too large", megabytes=30)
        small = stack.plan("after it", megabytes=1)
        job, behind = stack.submit(plan), stack.submit(small)
        seconds = seconds_until(lambda: ended(job), "the job to fail")
        record_recovery("disk full, job failed", seconds)
        found = jobs.get(job.id)
        assert found.state is JobState.FAILED
        assert found.failure is not None
        assert "full" in found.failure.why
        until(lambda: ended(behind), "the job behind it")
        assert_right(behind, small)
        assert_artifacts_are_whole()
        ballast.unlink()
        jobs.retry(job.id)
        until(lambda: ended(job), "the second try")
        assert_right(job, plan)
        assert_artifacts_are_whole()
