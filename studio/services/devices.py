"""The device a training would run on, how long its line is, and workers told to be ready."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Sequence

import psutil
import redis

from studio.domain.facts import DeviceFacts
from studio.domain.jobs import JobState
from studio.domain.records import WorkerInfo
from studio.errors import StudioError
from studio.jobs import live, queue
from studio.language import _
from studio.services import jobs
from studio.settings import settings

BEFORE = (JobState.QUEUED, JobState.RUNNING)
LINE = ("train", "probe", "merge", "measure", "prepare")
"""Kinds of jobs that a trainer may take, one after another."""


def expect(*lines: str) -> None:
    """Have the workers of these queues load what they need, as work for them is likely to come:
    it takes them some ten seconds, which whoever asks for the work need not wait."""
    with contextlib.suppress(redis.RedisError, StudioError):  # then it takes longer, that is all
        for line in lines:
            live.expect(line, queue.shared())


def device() -> DeviceFacts:
    """That of a trainer that is alive, one with a graphics card before one without and an idle
    one before a busy one; else this machine's."""
    trainers = [_as_of_now(worker) for worker in jobs.workers() if worker.role == "train"]
    line = jobs.list_jobs(states=BEFORE, kinds=LINE) if trainers else []
    ahead = sum(job.queue == "train" for job in line)
    return of(trainers, ahead, _free_disk())


def of(trainers: Sequence[WorkerInfo], ahead: int, disk: int) -> DeviceFacts:
    """What the best of ``trainers`` has to offer. What it does not say of its machine is taken
    from this one, where ``disk`` bytes are free."""
    best = min(trainers, key=lambda w: (w.device == "cpu", w.state == "busy"), default=None)
    if best is None:
        return _processor(None, disk)
    announced = {
        "disk": best.free_disk or disk,
        "worker": best.name,
        "host": best.host,
        "ahead": ahead,
        "libraries": best.libraries,
    }
    if best.device == "cpu":
        return _processor(best, disk).model_copy(update=announced)
    return DeviceFacts(
        kind="cuda",
        name=best.device,
        cards=best.cards,
        cores=best.cores or 1,
        memory=best.memory,
        host_memory=best.free_memory,
        capability=best.capability or None,
        driver=best.driver,
        watts=best.watts or None,
        **announced,
    )


def _as_of_now(worker: WorkerInfo) -> WorkerInfo:
    """A worker of this machine told of its room seconds ago. Who freed a disk and goes on at
    once is to be believed."""
    if worker.host != socket.gethostname():
        return worker
    memory = psutil.virtual_memory().available
    return worker.model_copy(update={"free_disk": _free_disk(), "free_memory": memory})


def _processor(worker: WorkerInfo | None, disk: int) -> DeviceFacts:
    memory = (worker.free_memory if worker else 0) or psutil.virtual_memory().available
    return DeviceFacts(
        kind="cpu",
        name=_("this computer's processor"),
        cores=(worker.cores if worker else 0) or os.cpu_count() or 1,
        memory=memory,
        host_memory=memory,
        disk=disk,
    )


def _free_disk() -> int:
    return shutil.disk_usage(settings().data if settings().data.exists() else "/").free
