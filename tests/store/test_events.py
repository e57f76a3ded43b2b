"""Events in SQLite: each once, with what follows from it in the same transaction."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from sqlite_utils import Database

from studio.domain.events import (
    ArtifactProduced,
    Body,
    Cancelled,
    CheckpointSaved,
    Event,
    Failed,
    Finished,
    LogLine,
    MetricLogged,
    Progressed,
    SampleWritten,
    Started,
    Token,
)
from studio.domain.jobs import Job, JobState
from studio.domain.records import Generation, StoryRecord
from studio.services.context import db
from studio.settings import Settings
from studio.store import datasets, events, jobs, stories
from studio.store.database import write
from studio.store.projections import Recording

STARTED = Started(worker="w", device="cpu", host="h", pid=1)


@pytest.fixture
def store(home: Settings) -> Database:
    add(db(), "a")
    return db()


def add(store: Database, job_id: str, **changes: Any) -> None:
    now = time.time()
    values = {"state": JobState.QUEUED, "created_at": now, "queued_at": now, **changes}
    with write(store):
        jobs.insert(store, Job(id=job_id, kind="train", queue="train", title="", spec={}, **values))


def record(store: Database, *bodies: Body, attempt: int = 1, first: int = 1) -> Recording:
    recording = Recording(store)
    with write(store):
        for seq, body in enumerate(bodies, first):
            recording.take(Event(job_id="a", attempt=attempt, seq=seq, at=100.0 + seq, body=body))
        recording.close()
    return recording


def row(store: Database) -> Job:
    found = jobs.get(store, "a")
    assert found
    return found


def test_a_job_goes_the_way_its_events_tell(store: Database) -> None:
    recording = record(store, STARTED, Progressed(step=2, steps=9, unit="steps", rate=1.5))
    assert recording.seqs == {("a", 1): 2}
    job = row(store)
    assert (job.state, job.step, job.steps, job.rate) == (JobState.RUNNING, 2, 9, 1.5)
    assert (job.started_at, job.worker, job.device) == (101.0, "w", "cpu")
    assert job.seconds_left == pytest.approx(7 / 1.5)
    recording = record(store, Progressed(step=9, steps=9), Finished(result={"x": 1}), first=3)
    assert recording.ended == ["a"]
    job = row(store)
    assert (job.state, job.step, job.result, job.ended_at) == (
        JobState.FINISHED, 9, {"x": 1}, 104.0,
    )  # fmt: skip


def test_an_event_that_comes_again_changes_nothing(store: Database) -> None:
    record(store, STARTED, MetricLogged(step=1, values={"loss": 2.0}))
    again = record(store, STARTED, MetricLogged(step=1, values={"loss": 9.0}))
    assert (again.inserted, again.known) == (0, 2)
    assert again.seqs == {("a", 1): 2}
    assert [m["value"] for m in events.metrics(store, "a")] == [2.0]


def test_events_of_an_older_attempt_or_of_no_job_are_refused(store: Database) -> None:
    record(store, STARTED)
    with write(store):
        jobs.move(store, "a", JobState.LOST)
        jobs.move(store, "a", JobState.QUEUED, attempt=2)
    refused = record(store, Finished(result={}), first=2)
    assert (refused.refused, refused.inserted) == (1, 0)
    assert refused.seqs == {("a", 1): 2}  # its spool may go
    assert row(store).state is JobState.QUEUED
    stranger = Event(job_id="nobody", attempt=1, seq=1, at=0, body=STARTED)
    recording = Recording(store)
    with write(store):
        recording.take(stranger)
    assert recording.refused == 1


def test_metrics_samples_checkpoints_and_log_are_read_back(store: Database) -> None:
    record(
        store, STARTED, MetricLogged(step=1, values={"loss": 3.0, "rate": 0.1}),
        MetricLogged(step=2, values={"loss": math.nan}),
        SampleWritten(step=1, prompt="Once", text="upon"), LogLine(text="one"),
        LogLine(level="warning", text="two"), CheckpointSaved(step=2, artifact="c" * 64),
    )  # fmt: skip
    found = [(m["step"], m["name"], m["value"]) for m in events.metrics(store, "a")]
    assert found == [(1, "loss", 3.0), (1, "rate", 0.1), (2, "loss", None)]
    assert [(s["prompt"], s["text"]) for s in events.samples(store, "a")] == [("Once", "upon")]
    assert [line["text"] for line in events.log_lines(store, "a", 1)] == ["two"]
    assert [line["level"] for line in events.log_lines(store, "a")] == ["info", "warning"]
    assert [c["artifact"] for c in events.checkpoints(store, "a")] == ["c" * 64]
    assert row(store).checkpoint == "c" * 64


def test_a_checkpoint_makes_up_for_earlier_losses(store: Database) -> None:
    with write(store):
        jobs.update(store, "a", losses=3)
    record(store, STARTED, CheckpointSaved(step=2, artifact="c" * 64))
    assert row(store).losses == 0


def test_a_resumed_attempt_has_the_last_word_on_a_step(store: Database) -> None:
    record(store, STARTED, MetricLogged(step=5, values={"loss": 2.0}))
    with write(store):
        jobs.move(store, "a", JobState.LOST)
        jobs.move(store, "a", JobState.QUEUED, attempt=2)
    record(store, STARTED, MetricLogged(step=5, values={"loss": 1.0}), attempt=2)
    assert [m["value"] for m in events.metrics(store, "a")] == [1.0]


@pytest.mark.parametrize(
    ("last", "state"),
    [
        (Failed(what="a", why="b", remedy="c", detail="d"), JobState.FAILED),
        (Cancelled(result={"steps": 3}), JobState.CANCELLED),
    ],
)
def test_a_job_can_end_without_its_result(store: Database, last: Body, state: JobState) -> None:
    record(store, STARTED, last)
    job = row(store)
    assert (job.state, job.ended_at) == (state, 102.0)
    assert (job.failure is not None) == (state is JobState.FAILED)


def test_an_artifact_is_filed_in_the_same_transaction(store: Database) -> None:
    facts = {"language": "en", "train": 3, "validation": 1, "tokens": 9, "statistics": {}}
    made = ArtifactProduced(kind="dataset", artifact="d" * 64, name="Mine", facts=facts)
    record(store, STARTED, made)
    assert datasets.get(store, "d" * 64).job_id == "a"  # type: ignore[union-attr]
    bad = ArtifactProduced(kind="dataset", artifact="e" * 64, name="Bad", facts={})
    with pytest.raises(KeyError):
        record(store, LogLine(text="x"), bad, first=3)
    assert events.log_lines(store, "a") == []


def test_a_job_cancelled_before_it_started_stays_so_and_its_worker_is_told(
    store: Database,
) -> None:
    with write(store):
        jobs.move(store, "a", JobState.CANCELLED)
    recording = record(store, STARTED, Finished(result={}))
    assert recording.strays == [("a", 1)]
    assert row(store).state is JobState.CANCELLED
    assert recording.inserted == 2


def test_written_text_grows_in_its_generation(store: Database) -> None:
    with write(store):
        stories.insert(
            store,
            StoryRecord(id="s", title="", language="en", text="", revision=1, created_at=0,
                        updated_at=0),
        )  # fmt: skip
        stories.insert_generation(
            store,
            Generation(job_id="a", story_id="s", voice="v", prompt="p", text="", state="pending",
                       created_at=0),
        )  # fmt: skip

    def text() -> str:
        return stories.generation(store, "a").text  # type: ignore[union-attr]

    record(store, STARTED, Token(text="Once "), Token(text="upon"))
    assert text() == "Once upon"
    assert events.text(store, "a", 1) == "Once upon"
    record(store, Token(text=" a time"), first=4)
    assert text() == "Once upon a time"
    with write(store):
        jobs.move(store, "a", JobState.LOST)
        jobs.move(store, "a", JobState.QUEUED, attempt=2)
    record(store, STARTED, Token(text="Long ago"), attempt=2)
    assert text() == "Long ago"
    record(store, Token(text=" and"), Finished(result={"text": "Long ago and far."}),
           attempt=2, first=3)  # fmt: skip
    assert text() == "Long ago and far."
