"""How good the memory estimates have been here: what was foreseen and what was taken."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from studio.domain.facts import TrackRecord
from studio.domain.jobs import Job, JobState
from studio.domain.records import MemoryRun
from studio.services import jobs

MOST = 100


def memory_runs() -> list[MemoryRun]:
    """The finished trainings that stored both figures, the newest first."""
    finished = jobs.list_jobs(states=(JobState.FINISHED,), kinds=("train",), limit=MOST)
    return [run for job in finished if (run := _run(job)) is not None]


def record(device: str) -> TrackRecord | None:
    """The estimates for trainings on ``device`` (cpu or cuda) in sum; None before the first."""
    return summed([run for run in memory_runs() if run.device == device])


def summed(runs: Sequence[MemoryRun]) -> TrackRecord | None:
    if not runs:
        return None
    return TrackRecord(
        runs=len(runs),
        typical_error=median(abs(run.error) for run in runs),
        worst_under=max(0.0, *(-run.error for run in runs)),
    )


def _run(job: Job) -> MemoryRun | None:
    result = job.result or {}
    foreseen, taken = result.get("foreseen_memory"), result.get("peak_memory")
    if not foreseen or not taken:
        return None
    return MemoryRun(
        job_id=job.id,
        title=job.title,
        device=result["device"],
        foreseen=foreseen,
        taken=taken,
        ended_at=job.ended_at or job.created_at,
    )
