"""The device a training would run on, and how long its line is."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Sequence

import psutil

from studio.domain.facts import DeviceFacts
from studio.domain.jobs import JobState
from studio.domain.records import WorkerInfo
from studio.language import _
from studio.services import jobs
from studio.settings import settings

BEFORE = (JobState.QUEUED, JobState.RUNNING)
LINE = ("train", "probe")
"""Kinds of jobs that a trainer takes one after another."""


def device() -> DeviceFacts:
    """That of a trainer that is alive, one with a graphics card before one without and an idle
    one before a busy one; else this machine's."""
    trainers = [_as_of_now(worker) for worker in jobs.workers() if worker.role == "train"]
    ahead = len(jobs.list_jobs(states=BEFORE, kinds=LINE)) if trainers else 0
    return of(trainers, ahead, _free_disk())


def cpu_worker() -> DeviceFacts:
    """Of the machine that does short work, as merging and converting: of several the one with
    the least memory, as any of them may take it; else this one."""
    found = [_as_of_now(worker) for worker in jobs.workers() if worker.role == "cpu"]
    least = min(found, key=lambda worker: worker.free_memory, default=None)
    if least is None:
        return _processor(None, _free_disk())
    place = _processor(least, least.free_disk or _free_disk())
    return place.model_copy(update={"worker": least.name, "host": least.host})


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
        cores=best.cores or 1,
        memory=best.memory,
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
    return DeviceFacts(
        kind="cpu",
        name=_("this computer's processor"),
        cores=(worker.cores if worker else 0) or os.cpu_count() or 1,
        memory=(worker.free_memory if worker else 0) or psutil.virtual_memory().available,
        disk=disk,
    )


def _free_disk() -> int:
    return shutil.disk_usage(settings().data if settings().data.exists() else "/").free
