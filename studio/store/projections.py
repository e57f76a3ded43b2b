"""What events change besides the events table: the job's row, metrics, samples, artifacts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from studio.domain.events import (
    ArtifactProduced,
    Cancelled,
    CheckpointSaved,
    Event,
    Failed,
    Finished,
    MetricLogged,
    Progressed,
    SampleWritten,
    Started,
    Token,
)
from studio.domain.jobs import Failure, Job, JobState
from studio.store import events, jobs, registry, stories


@dataclass
class Recording:
    """One batch. ``seqs`` says how far each attempt has come; ``strays`` are attempts that
    started although their job had ended, and are to be stopped."""

    db: Database
    inserted: int = 0
    known: int = 0
    refused: int = 0
    ended: list[str] = field(default_factory=list)
    strays: list[tuple[str, int]] = field(default_factory=list)
    seqs: dict[tuple[str, int], int] = field(default_factory=dict)
    _jobs: dict[str, Job | None] = field(default_factory=dict)
    _progress: dict[str, Progressed] = field(default_factory=dict)
    _texts: dict[str, list[str]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Store an event and what follows from it; an old attempt's event changes nothing."""
        place = (event.job_id, event.attempt)
        self.seqs[place] = max(self.seqs.get(place, 0), event.seq)
        job = self._job(event.job_id)
        if job is None or event.attempt != job.attempt:
            self.refused += 1
        elif not events.insert(self.db, event):
            self.known += 1
        else:
            self.inserted += 1
            self._project(job, event)

    def close(self) -> None:
        """Write what was gathered; call once, in the same transaction."""
        for job_id, last in self._progress.items():
            jobs.update(self.db, job_id, **_progress_columns(last))
        for job_id, texts in self._texts.items():
            stories.append_text(self.db, job_id, "".join(texts))

    def _job(self, job_id: str) -> Job | None:
        if job_id not in self._jobs:
            self._jobs[job_id] = jobs.get(self.db, job_id)
        return self._jobs[job_id]

    def _project(self, job: Job, event: Event) -> None:
        if isinstance(event.body, Token):
            self._texts.setdefault(job.id, []).append(event.body.text)
        elif isinstance(event.body, Progressed):
            self._progress[job.id] = event.body
        elif isinstance(event.body, Started) and job.ended:
            self.strays.append((job.id, job.attempt))
        elif not job.ended and type(event.body) in _PROJECTIONS:
            _PROJECTIONS[type(event.body)](self, job, event)

    def move(self, job: Job, to: JobState, **changes: Any) -> None:
        if job.id in self._progress:  # the row must not be set back by it later
            changes = {**_progress_columns(self._progress.pop(job.id)), **changes}
        moved = jobs.move(self.db, job.id, to, **changes)
        self._jobs[job.id] = moved
        if moved.ended:
            self.ended.append(job.id)


def _progress_columns(body: Progressed) -> dict[str, Any]:
    return {"step": body.step, "steps": body.steps, "unit": body.unit, "note": body.note,
            "rate": body.rate}  # fmt: skip


def _started(recording: Recording, job: Job, event: Event) -> None:
    body: Started = event.body  # type: ignore[assignment]
    stories.set_text(recording.db, job.id, "")  # an earlier attempt may have begun to write
    recording.move(
        job, JobState.RUNNING,
        started_at=event.at, worker=body.worker, device=body.device, note="", rate=None,
    )  # fmt: skip


def _metric(recording: Recording, job: Job, event: Event) -> None:
    body: MetricLogged = event.body  # type: ignore[assignment]
    events.add_metrics(recording.db, job.id, body.step, body.values, event.at)


def _sample(recording: Recording, job: Job, event: Event) -> None:
    body: SampleWritten = event.body  # type: ignore[assignment]
    events.add_sample(recording.db, job.id, body.step, body.prompt, body.text, event.at)


def _checkpoint(recording: Recording, job: Job, event: Event) -> None:
    """A job that got further since it was last lost is worth all its attempts again."""
    body: CheckpointSaved = event.body  # type: ignore[assignment]
    events.add_checkpoint(recording.db, job.id, body.artifact, body.step, event.at)
    jobs.update(recording.db, job.id, checkpoint=body.artifact, losses=0)


def _artifact(recording: Recording, job: Job, event: Event) -> None:
    body: ArtifactProduced = event.body  # type: ignore[assignment]
    registry.register(recording.db, job, body, event.at)


def _finished(recording: Recording, job: Job, event: Event) -> None:
    body: Finished = event.body  # type: ignore[assignment]
    if isinstance(text := body.result.get("text"), str):
        recording._texts.pop(job.id, None)
        stories.set_text(recording.db, job.id, text)
    recording.move(job, JobState.FINISHED, ended_at=event.at, result=body.result, note="")


def _failed(recording: Recording, job: Job, event: Event) -> None:
    body: Failed = event.body  # type: ignore[assignment]
    failure = Failure.model_validate(body.model_dump(exclude={"type"}))
    recording.move(job, JobState.FAILED, ended_at=event.at, failure=failure.model_dump())


def _cancelled(recording: Recording, job: Job, event: Event) -> None:
    body: Cancelled = event.body  # type: ignore[assignment]
    recording.move(job, JobState.CANCELLED, ended_at=event.at, result=body.result or None)


_PROJECTIONS: dict[type, Callable[[Recording, Job, Event], None]] = {
    Started: _started,
    MetricLogged: _metric,
    SampleWritten: _sample,
    CheckpointSaved: _checkpoint,
    ArtifactProduced: _artifact,
    Finished: _finished,
    Failed: _failed,
    Cancelled: _cancelled,
}
