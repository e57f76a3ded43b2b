"""Rows of the jobs table for tests."""

from __future__ import annotations

import time
from typing import Any

from sqlite_utils import Database

from studio.domain.jobs import Job, JobState
from studio.store import jobs
from studio.store.database import write


def a_job(job_id: str = "a", **changes: Any) -> Job:
    now = time.time()
    given = {"kind": "prepare", "queue": "cpu", "title": "Count", "spec": {"n": 1}}
    times = {"state": JobState.QUEUED, "created_at": now, "queued_at": now}
    return Job.model_validate({"id": job_id, **given, **times, **changes})


def put(store: Database, job: Job) -> Job:
    with write(store):
        jobs.insert(store, job)
    return job
