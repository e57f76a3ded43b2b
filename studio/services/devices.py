"""The device a training would run on, and how long its line is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

import psutil

from studio.domain.facts import DeviceFacts
from studio.domain.jobs import JobState
from studio.domain.records import WorkerInfo
from studio.language import _
from studio.services import jobs
from studio.settings import settings

BEFORE = (JobState.QUEUED, JobState.RUNNING)


def device() -> DeviceFacts:
    """That of a trainer that is alive, one with a graphics card before one without and an idle
    one before a busy one; else this machine's."""
    trainers = [worker for worker in jobs.workers() if worker.role == "train"]
    ahead = len(jobs.list_jobs(states=BEFORE, kinds=("train",))) if trainers else 0
    return of(trainers, ahead, _free_disk())


def of(trainers: Sequence[WorkerInfo], ahead: int, disk: int) -> DeviceFacts:
    """What the best of ``trainers`` has to offer; ``disk`` is free on this machine, bytes."""
    best = min(trainers, key=lambda w: (w.device == "cpu", w.state == "busy"), default=None)
    if best is None or best.device == "cpu":
        return DeviceFacts(
            kind="cpu",
            name=_("this computer's processor"),
            cores=os.cpu_count() or 1,
            memory=psutil.virtual_memory().available,
            disk=disk,
            worker=best.name if best else "",
            ahead=ahead,
            libraries=best.libraries if best else {},
        )
    return DeviceFacts(
        kind="cuda",
        name=best.device,
        memory=best.memory,
        disk=disk,
        capability=best.capability or None,
        driver=best.driver,
        watts=best.watts or None,
        worker=best.name,
        ahead=ahead,
        libraries=best.libraries,
    )


def _free_disk() -> int:
    return shutil.disk_usage(settings().data if settings().data.exists() else "/").free
