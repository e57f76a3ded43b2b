"""How good the memory estimates have been here: what was foreseen and what was taken."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from studio.domain.facts import DeviceFacts, Pace, TrackRecord
from studio.domain.jobs import Job, JobState
from studio.domain.records import MemoryRun
from studio.domain.specs import TrainSpec
from studio.services import jobs

MOST = 100
RECENT = 5
PACED = ("model", "objective", "quantisation", "compute")
"""What the pace of a training depends on most, besides the device."""


def memory_runs() -> list[MemoryRun]:
    """The finished trainings that stored both figures, the newest first."""
    finished = jobs.list_jobs(states=(JobState.FINISHED,), kinds=("train",), limit=MOST)
    return [run for job in finished if (run := _run(job)) is not None]


def record(device: str) -> TrackRecord | None:
    """The estimates for trainings on ``device`` (cpu or cuda) in sum; None before the first."""
    return summed([run for run in memory_runs() if run.device == device])


def pace(spec: TrainSpec, device: DeviceFacts) -> Pace | None:
    """How fast trainings were that computed with the same model as ``spec`` would, on such a
    device; None before the first. Of the last few the fastest, as samples and measuring, which
    weigh more in a short one, only ever make it slower."""
    finished = jobs.list_jobs(states=(JobState.FINISHED,), kinds=("train",), limit=MOST)
    rates = [rate for job in finished if _alike(job, spec, device) and (rate := _rate(job))]
    if not rates:
        return None
    return Pace(tokens_a_second=max(rates[:RECENT]), runs=len(rates[:RECENT]))


def _alike(job: Job, spec: TrainSpec, device: DeviceFacts) -> bool:
    ran_on = (job.result or {}).get("device")
    there = ran_on == device.kind and (device.kind == "cpu" or job.device == device.name)
    asked = spec.model_dump(mode="json")
    return there and all(job.spec.get(name) == asked[name] for name in PACED)


def _rate(job: Job) -> float | None:
    """Tokens a second over the whole of a training, measuring and samples included."""
    result = job.result or {}
    tokens, seconds = result.get("tokens"), result.get("seconds")
    return tokens / seconds if tokens and seconds else None


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
