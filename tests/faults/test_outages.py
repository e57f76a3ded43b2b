"""Things that stop, fill up or come back from the dead while jobs run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from studio.jobs import keys, queue
from studio.services import jobs
from tests.faults.stack import (
    Stack,
    assert_artifacts_are_whole,
    assert_right,
    ended,
    standing,
)
from tests.waiting import seconds_until, until

pytestmark = pytest.mark.faults

Recorded = Callable[[str, float], None]
EVENTS = 50_000
LOCKED_SECONDS = 30
HOLD_LOCK = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
db.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
db.execute("ROLLBACK")
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with standing(tmp_path_factory.mktemp("outages"), cpu=2) as started:
        yield started


def test_the_recorder_stands_still_while_50_000_events_come(
    stack: Stack, record_recovery: Recorded
) -> None:
    recorder = stack.pid("recorder")
    os.kill(recorder, signal.SIGSTOP)
    plan = stack.plan("burst", burst=EVENTS)
    job = stack.submit(plan)
    sent = keys.attempt_of(job.id, 1)
    client = queue.connect()
    until(lambda: int(client.hget(keys.SENT, sent) or 0) > EVENTS, "all events on the stream")
    assert not ended(job)
    os.kill(recorder, signal.SIGCONT)
    seconds = seconds_until(lambda: ended(job), "the recorder to catch up")
    record_recovery(f"recorder stopped, {EVENTS} events", seconds)
    assert assert_right(job, plan).attempt == 1


def test_the_database_is_locked_for_thirty_seconds(stack: Stack, record_recovery: Recorded) -> None:
    plans = [stack.plan(f"locked {n}", steps=40, pace=0.1) for n in range(3)]
    placed = [stack.submit(plan) for plan in plans]
    until(plans[0].mark("runs").exists, "the first job to run")
    locker = subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(stack.home.database), str(LOCKED_SECONDS)],
        stdout=subprocess.PIPE,
    )
    assert locker.stdout is not None
    assert locker.stdout.readline() == b"locked\n"
    locker.wait()
    seconds = seconds_until(lambda: all(map(ended, placed)), "the jobs")
    record_recovery(f"SQLite locked for {LOCKED_SECONDS} s, after it was free", seconds)
    for job, plan in zip(placed, plans, strict=True):
        assert assert_right(job, plan).attempt == 1


def test_a_worker_comes_back_from_the_dead(stack: Stack, record_recovery: Recorded) -> None:
    plan = stack.plan("zombie", hold="mid-progress")
    job = stack.submit(plan)
    until(plan.mark("mid-progress").exists, "the job to be under way")
    horse = int(until(lambda: plan.mark("mid-progress").read_text()))
    parent = psutil.Process(horse).ppid()
    for pid in (parent, horse):
        os.kill(pid, signal.SIGSTOP)
    try:
        seconds = seconds_until(lambda: ended(job), "another worker to do it")
    finally:
        plan.mark("go").touch()
        for pid in (horse, parent):
            os.kill(pid, signal.SIGCONT)
    record_recovery("zombie: job given to another worker", seconds)
    before = assert_right(job, plan)
    assert before.attempt == 2
    until(lambda: not alive(horse), "the zombie to give up")
    idle(stack)
    assert assert_right(job, plan) == before
    assert_artifacts_are_whole()


def test_two_workers_are_offered_the_same_job(stack: Stack) -> None:
    client = queue.connect()
    idle(stack)
    plan = stack.plan("offered twice", steps=10, pace=0.1)
    job = stack.submit(plan)
    line, name = "rq:queue:cpu", keys.attempt_of(job.id, 1)
    for _ in range(4):
        client.rpush(line, name)
        time.sleep(0.1)
    until(lambda: ended(job), "the job")
    idle(stack)
    assert assert_right(job, plan).attempt == 1
    assert len(plan.mark("runs").read_text().splitlines()) == 1


def test_sigterm_to_the_supervisor_in_the_middle_of_a_job(
    stack: Stack, record_recovery: Recorded
) -> None:
    plan = stack.plan("interrupted", hold="after checkpoint")
    job = stack.submit(plan)
    until(plan.mark("after checkpoint").exists, "the job to be under way")
    begun = time.monotonic()
    stack.stop(signal.SIGTERM)
    record_recovery("SIGTERM to the supervisor, all stopped", time.monotonic() - begun)
    until(lambda: stack.leftovers() == [], "every process to be gone")
    assert not ended(job)
    plan.mark("go").touch()
    begun = time.monotonic()
    stack.start()
    until(lambda: ended(job), "the job to go on")
    record_recovery("started again, job finished", time.monotonic() - begun)
    found = assert_right(job, plan)
    assert found.result is not None
    assert found.result["from"] == 5
    assert_artifacts_are_whole()


def test_sigkill_of_the_supervisor_in_the_middle_of_a_job(
    stack: Stack, record_recovery: Recorded
) -> None:
    plan = stack.plan("orphaned", hold="after checkpoint")
    job = stack.submit(plan)
    until(plan.mark("after checkpoint").exists, "the job to be under way")
    stack.stop(signal.SIGKILL)
    seconds = seconds_until(lambda: stack.leftovers() == [], "every process to be gone")
    record_recovery("SIGKILL of the supervisor, all gone", seconds)
    plan.mark("go").touch()
    stack.start()
    until(lambda: ended(job), "the job to go on")
    assert_right(job, plan)
    assert_artifacts_are_whole()


def idle(stack: Stack) -> None:
    until(lambda: [w.state for w in jobs.workers()].count("idle") == 2, "the workers to be idle")


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid)
