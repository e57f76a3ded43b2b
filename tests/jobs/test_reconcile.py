"""The reconciler's rules, with a real broker and real rows."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis

from studio.domain.jobs import Job, JobState
from studio.jobs import keys, leases, queue, reconcile
from studio.jobs.leases import Lease
from studio.jobs.reconcile import Reconciler, references, resolved
from studio.services.context import db
from studio.store import jobs
from studio.store.database import write
from tests.jobrows import a_job, put
from tests.waiting import PATIENCE


class Clock:
    """The time as a test wants it to be."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return time.time()


@pytest.fixture
def client(broker: str) -> redis.Redis:
    return queue.connect()


@pytest.fixture
def reconciler(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Reconciler:
    """One that has no need to wait for workers to come back."""
    monkeypatch.setattr(reconcile, "GRACE", 0.0)
    monkeypatch.setattr(reconcile, "OVERLOOKED", 0.0)
    return Reconciler(db(), client)


def row(job_id: str = "a") -> Job:
    found = jobs.get(db(), job_id)
    assert found
    return found


def at_work(client: redis.Redis, job: Job) -> Lease:
    queue.dispatch(job)
    client.delete(f"rq:queue:{job.queue}")
    lease = leases.claim(job.id, job.attempt, "w", client)
    assert lease
    return lease


def offered(client: redis.Redis) -> set[str]:
    return queue.in_line({"cpu"}, client)


def test_a_row_the_broker_does_not_know_is_offered(
    client: redis.Redis, reconciler: Reconciler
) -> None:
    put(db(), a_job())
    reconciler.run()
    assert offered(client) == {"a-1"}
    reconciler.run()
    assert client.llen("rq:queue:cpu") == 1


def test_an_offer_on_its_way_is_given_a_moment(
    client: redis.Redis, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "OVERLOOKED", 30.0)
    put(db(), a_job())
    reconciler.run()
    reconciler.run()
    assert offered(client) == set()


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_a_job_with_a_lease_is_left_alone(
    client: redis.Redis, reconciler: Reconciler, state: JobState
) -> None:
    job = put(db(), a_job(state=state))
    at_work(client, job)
    reconciler.run()
    assert row() == job
    assert offered(client) == set()


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_a_begun_job_without_a_lease_is_lost_and_offered_again(
    client: redis.Redis, reconciler: Reconciler, state: JobState
) -> None:
    job = put(db(), a_job(state=state, checkpoint="c" * 64, step=7))
    leases.release(at_work(client, job), client)
    reconciler.run()
    after = row()
    assert (after.state, after.attempt, after.losses) == (JobState.QUEUED, 2, 1)
    assert (after.checkpoint, after.step) == ("c" * 64, 7)
    assert offered(client) == {"a-2"}
    assert queue.order("a", client).checkpoint == "c" * 64  # type: ignore[union-attr]


def test_the_lease_of_an_older_attempt_does_not_count(
    client: redis.Redis, reconciler: Reconciler
) -> None:
    at_work(client, a_job(attempt=1))
    put(db(), a_job(attempt=2, state=JobState.RUNNING))
    reconciler.run()
    assert row().attempt == 3


def test_nothing_is_lost_while_events_wait_to_be_recorded(
    client: redis.Redis, reconciler: Reconciler
) -> None:
    put(db(), a_job(state=JobState.RUNNING))
    client.xadd(keys.STREAM, {"e": "x"})
    reconciler.run()
    assert row().attempt == 1


def test_nothing_is_lost_before_the_workers_could_come_back(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(reconcile, "time", clock)
    fresh = Reconciler(db(), client)
    put(db(), a_job(state=JobState.RUNNING))
    fresh.run()
    assert row().attempt == 1
    clock.now += reconcile.GRACE
    fresh.broker_was_away(client)
    fresh.run()
    assert row().attempt == 1
    clock.now += reconcile.GRACE
    fresh.run()
    assert row().attempt == 2


def test_the_fifth_loss_is_one_too_many(client: redis.Redis, reconciler: Reconciler) -> None:
    put(db(), a_job(state=JobState.RUNNING, losses=4))
    reconciler.run()
    after = row()
    assert after.state is JobState.FAILED
    assert after.failure is not None
    assert "5 times" in after.failure.why
    assert after.failure.remedy


def test_a_lost_job_that_was_to_stop_is_cancelled(
    client: redis.Redis, reconciler: Reconciler
) -> None:
    put(db(), a_job(state=JobState.RUNNING, cancel_requested=True))
    reconciler.run()
    assert row().state is JobState.CANCELLED


def test_a_request_to_stop_is_repeated_in_a_wiped_broker(
    client: redis.Redis, reconciler: Reconciler
) -> None:
    at_work(client, put(db(), a_job(state=JobState.RUNNING, cancel_requested=True)))
    reconciler.run()
    assert client.get(keys.cancel("a")) == b"1"
    assert row().state is JobState.RUNNING


def test_who_ignores_it_is_ended(
    client: redis.Redis, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "IGNORED", 0.0)
    at_work(client, put(db(), a_job(state=JobState.RUNNING, cancel_requested=True)))
    listener = client.pubsub()
    listener.subscribe("rq:pubsub:w")
    listener.get_message(timeout=PATIENCE)
    reconciler.run()
    message = listener.get_message(timeout=PATIENCE, ignore_subscribe_messages=True)
    assert message
    assert b'"stop-job"' in message["data"]
    assert b'"a"' in message["data"]


def waiting(*after: str, **spec: Any) -> Job:
    return put(
        db(), a_job("w", state=JobState.WAITING, after=after, spec=spec, queued_at=None)
    )  # fmt: skip


def test_a_waiting_job_goes_on_when_all_before_it_have_finished(
    client: redis.Redis, reconciler: Reconciler
) -> None:
    put(db(), a_job("a", state=JobState.FINISHED, result={"adapter": "f" * 64}))
    put(db(), a_job("b", state=JobState.RUNNING))
    waiting("a", "b", adapter="job:a/adapter", list=["job:a/adapter", "job:other/x"])
    reconciler.advance()
    assert row("w").state is JobState.WAITING
    assert row("w").note == "Waits for “Count”."
    with write(db()):
        jobs.move(db(), "b", JobState.FINISHED, result={})
    reconciler.advance()
    after = row("w")
    assert after.state is JobState.QUEUED
    assert after.spec == {"adapter": "f" * 64, "list": ["f" * 64, "job:other/x"]}
    assert after.note == ""
    assert offered(client) == {"w-1"}


@pytest.mark.parametrize(
    ("state", "word"), [(JobState.FAILED, "failed"), (JobState.CANCELLED, "stopped")]
)
def test_a_waiting_job_says_what_keeps_it(
    client: redis.Redis, reconciler: Reconciler, state: JobState, word: str
) -> None:
    put(db(), a_job("a", state=state))
    waiting("a")
    reconciler.advance()
    assert word in row("w").note
    with write(db()):
        jobs.move(db(), "a", JobState.QUEUED, attempt=2)
        jobs.move(db(), "a", JobState.RUNNING)
        jobs.move(db(), "a", JobState.FINISHED, result={})
    reconciler.advance()
    assert row("w").state is JobState.QUEUED


def test_a_job_whose_input_was_not_made_fails_and_says_so(
    client: redis.Redis, reconciler: Reconciler
) -> None:
    put(db(), a_job("a", state=JobState.FINISHED, result={"steps": 1}))
    waiting("a", adapter="job:a/adapter")
    reconciler.advance()
    after = row("w")
    assert after.state is JobState.FAILED
    assert "job:a/adapter" in after.failure.why  # type: ignore[union-attr]


def test_references_are_found_at_any_depth() -> None:
    spec = {"a": "job:j-1/adapter", "b": [{"c": ("job:k/gguf",)}], "d": "job:x", "e": 3}
    assert list(references(spec)) == [("j-1", "adapter"), ("k", "gguf")]
    assert resolved(spec, {}) == {**spec, "b": [{"c": ["job:k/gguf"]}]}


def test_a_restarted_broker_is_noticed_by_its_run_id(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(reconcile, "time", clock)
    fresh = Reconciler(db(), client)
    clock.now += reconcile.GRACE
    assert fresh._settled()
    fresh._server = "the one before"
    assert not fresh._settled()
