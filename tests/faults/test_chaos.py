"""Thirty jobs under a rain of kills in no particular order."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from studio.jobs import broker
from tests.faults.stack import (
    Stack,
    assert_artifacts_are_whole,
    assert_right,
    ended,
    kill,
    standing,
)
from tests.waiting import seconds_until

pytestmark = pytest.mark.faults
JOBS = 30
RAIN_SECONDS = 40.0
SEED = 4
TARGETS = ("horse", "horse", "worker", "recorder", "broker", "wiped broker")


def strike(stack: Stack, dice: random.Random) -> str:
    """Kill one process, whichever is there."""
    target = dice.choice(TARGETS)
    if target == "horse":
        horses = stack.horses()
        kill(*dice.sample(horses, min(1, len(horses))))
    elif target == "worker":
        kill(dice.choice(stack.workers()))
    else:
        kill(stack.pid(target.split()[-1]))
    if target == "wiped broker":
        shutil.rmtree(broker.folder(stack.home), ignore_errors=True)
    return target


def test_every_job_comes_right_after_a_rain_of_kills(
    tmp_path: Path, record_recovery: Callable[[str, float], None]
) -> None:
    dice = random.Random(SEED)
    with standing(tmp_path, cpu=3) as stack:
        plans = [stack.plan(f"job {n}", steps=40, pace=0.1) for n in range(JOBS)]
        placed = [stack.submit(plan) for plan in plans]
        begun = time.monotonic()
        while time.monotonic() - begun < RAIN_SECONDS:
            time.sleep(dice.uniform(0.2, 2.0))
            try:
                strike(stack, dice)
            except (psutil.NoSuchProcess, AssertionError):  # it is down from the last one
                continue
        seconds = seconds_until(lambda: all(map(ended, placed)), "the jobs")
        record_recovery(f"{JOBS} jobs after {RAIN_SECONDS:.0f} s of kills", seconds)
        for job, plan in zip(placed, plans, strict=True):
            assert_right(job, plan)
        assert_artifacts_are_whole()
