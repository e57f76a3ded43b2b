"""Submitting, stopping and resuming jobs, with and without a broker."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from studio.domain.base import Spec
from studio.domain.events import Body, Event, Finished, Started, Token
from studio.domain.jobs import Job, JobState
from studio.domain.recipes import PrepareSpec
from studio.domain.specs import ConvertSpec, TrainSpec
from studio.domain.writing import WriteSpec
from studio.errors import StudioError
from studio.jobs import keys, leases, queue
from studio.jobs.recording import Recorder
from studio.services import jobs
from studio.services.context import db
from studio.settings import Settings
from studio.store import events
from studio.store import jobs as rows
from studio.store.database import write
from tests.waiting import PATIENCE

SPEC = PrepareSpec(name="steps=3", manuscripts=("0" * 64,))
STARTED = Started(worker="w", device="cpu", host="h", pid=1)


def submit(spec: Spec = SPEC, **more: object) -> Job:
    return jobs.submit(spec, "Count", **more)  # type: ignore[arg-type]


def set_state(job: Job, *states: JobState, **changes: object) -> None:
    with write(db()):
        for state in states:
            rows.move(db(), job.id, state, **changes)


def line(name: str = "cpu") -> set[str]:
    return queue.in_line({name}, queue.connect())


def test_a_job_is_a_row_first_and_then_in_line(home: Settings, broker: str) -> None:
    job = submit()
    assert jobs.get(job.id) == job
    assert (job.state, job.kind, job.queue, job.attempt) == (JobState.QUEUED, "prepare", "cpu", 1)
    assert line() == {f"{job.id}-1"}
    assert jobs.place_in_line(job.id) == 1
    assert jobs.place_in_line(submit().id) == 2
    assert jobs.place_in_line(submit(priority=1).id) == 1


def test_ids_sort_by_time_and_are_safe_in_addresses(home: Settings, broker: str) -> None:
    ids = []
    for _ in range(5):
        ids.append(submit().id)
        time.sleep(0.002)
    assert ids == sorted(ids)
    assert all(i.isalnum() and i == i.lower() and len(i) == 17 for i in ids)


def test_two_clicks_make_one_job(home: Settings, broker: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: submit(key="start").id, range(12)))
    assert len(set(made)) == 1
    assert len(line()) == 1
    jobs.cancel(made[0])
    assert submit(key="start").id != made[0]


def test_the_backend_chooses_the_line(home: Settings, broker: str) -> None:
    assert submit(WriteSpec(gguf_base="0" * 64)).queue == "write-llamacpp"
    assert submit(WriteSpec(gguf_base="0" * 64, backend="vllm")).queue == "write-vllm"


def test_without_a_broker_the_row_is_there_and_waits(home: Settings) -> None:
    job = submit()
    assert jobs.get(job.id).state is JobState.QUEUED
    assert jobs.workers() == []
    state = jobs.health()
    assert not state["broker"]
    assert "make studio" in state["problem"]
    assert jobs.cancel(job.id).state is JobState.CANCELLED


def test_a_waiting_job_is_cancelled_at_once_and_leaves_its_line(
    home: Settings, broker: str
) -> None:
    job = submit()
    cancelled = jobs.cancel(job.id)
    assert cancelled.state is JobState.CANCELLED
    assert cancelled.ended_at is not None
    assert line() == set()
    assert jobs.cancel(job.id) == cancelled


def test_a_running_job_is_asked_to_stop(home: Settings, broker: str) -> None:
    job = submit()
    set_state(job, JobState.RUNNING)
    asked = jobs.cancel(job.id)
    assert (asked.state, asked.cancel_requested) == (JobState.RUNNING, True)
    assert queue.connect().get(keys.cancel(job.id)) == b"1"


def test_a_stopped_job_is_resumed_from_its_checkpoint(home: Settings, broker: str) -> None:
    job = submit()
    set_state(job, JobState.RUNNING, checkpoint="c" * 64, cancel_requested=True, losses=2)
    set_state(job, JobState.CANCELLED, ended_at=1.0, result={"steps": 4})
    again = jobs.retry(job.id)
    assert (again.state, again.attempt, again.losses) == (JobState.QUEUED, 2, 0)
    assert (again.checkpoint, again.cancel_requested) == ("c" * 64, False)
    assert (again.result, again.ended_at) == (None, None)
    assert f"{job.id}-2" in line()
    order = queue.order(job.id, queue.connect())
    assert order
    assert (order.attempt, order.checkpoint) == (2, "c" * 64)


def test_a_finished_or_living_job_is_not_retried(home: Settings, broker: str) -> None:
    job = submit()
    assert jobs.retry(job.id).attempt == 1
    set_state(job, JobState.RUNNING, JobState.FINISHED)
    assert jobs.retry(job.id).state is JobState.FINISHED


def test_a_retry_finds_the_job_that_lives_under_its_key(home: Settings, broker: str) -> None:
    old = submit(key="k")
    jobs.cancel(old.id)
    new = submit(key="k")
    assert jobs.retry(old.id).id == new.id


def test_jobs_wait_for_those_they_name_and_those_they_refer_to(home: Settings, broker: str) -> None:
    train = submit(TrainSpec(name="x", dataset="0" * 64))
    spec = ConvertSpec(name="v", converter="adapter-gguf", adapter=f"job:{train.id}/adapter")
    convert = submit(spec)
    assert (convert.state, convert.after) == (JobState.WAITING, (train.id,))
    assert "Count" in convert.note
    assert jobs.place_in_line(convert.id) == 0
    set_state(train, JobState.RUNNING)
    set_state(train, JobState.FINISHED, result={"adapter": "a" * 64})
    ready = submit(spec, after=[train.id])
    assert ready.state is JobState.QUEUED
    assert ready.spec["adapter"] == "a" * 64


def test_a_cancelled_waiting_job_waits_again_when_resumed(home: Settings, broker: str) -> None:
    train = submit(TrainSpec(name="x", dataset="0" * 64))
    convert = submit(after=[train.id])
    assert jobs.cancel(convert.id).state is JobState.CANCELLED
    assert jobs.retry(convert.id).state is JobState.WAITING


def test_jobs_that_belong_together_are_asked_for_together(home: Settings, broker: str) -> None:
    with jobs.together():
        first = submit()
        second = submit(after=(first.id,))
        assert line() == set()
    assert line() == {f"{first.id}-1"}
    assert jobs.get(second.id).state is JobState.WAITING


def test_of_jobs_that_belong_together_all_are_there_or_none(home: Settings, broker: str) -> None:
    def ask() -> None:
        with jobs.together():
            submit()
            submit(after=("nothing",))

    with pytest.raises(StudioError, match="not in the studio"):
        ask()
    assert jobs.list_jobs() == []
    assert line() == set()
    assert submit().state is JobState.QUEUED


def test_unknown_jobs_are_told_plainly(home: Settings, broker: str) -> None:
    for act in (jobs.get, jobs.cancel, jobs.retry, jobs.place_in_line):
        with pytest.raises(StudioError, match="No job has the id"):
            act("nobody")
    with pytest.raises(StudioError, match="No job has the id"):
        submit(after=["nobody"])
    assert jobs.list_jobs() == []


@pytest.fixture
def told(home: Settings, broker: str) -> tuple[Job, redis.Redis]:
    job = submit(WriteSpec(gguf_base="0" * 64))
    return job, queue.connect()


def tell(client: redis.Redis, job: Job, *bodies: Body, attempt: int = 1, first: int = 1) -> None:
    for seq, body in enumerate(bodies, first):
        event = Event(job_id=job.id, attempt=attempt, seq=seq, at=1.0, body=body)
        client.xadd(keys.STREAM, {"e": event.model_dump_json()})


def show(
    client: redis.Redis, job: Job, text: str, place: int, attempt: int = 1, entry: str = "*"
) -> None:
    shown = {"text": text} if text else {"end": 1}
    client.xadd(keys.live(job.id), {"attempt": attempt, "place": place, **shown}, entry)


def record() -> None:
    recorder = Recorder(db(), queue.connect())
    while recorder.step(0.05) is not None or recorder.lag():
        pass


def test_text_is_followed_to_the_end(told: tuple[Job, redis.Redis]) -> None:
    job, client = told
    tell(client, job, STARTED, Token(text="Once upon"), Finished(result={}))
    record()
    show(client, job, "Once ", 0)
    show(client, job, "upon", 5)
    show(client, job, "", 9)
    assert list(jobs.follow(job.id)) == ["Once ", "upon"]
    assert jobs.wait(job.id).state is JobState.FINISHED


def test_a_job_that_ended_long_ago_is_read_from_the_database(
    told: tuple[Job, redis.Redis],
) -> None:
    job, client = told
    tell(client, job, STARTED, Token(text="Once "), Finished(result={}))
    record()
    assert "".join(jobs.follow(job.id)) == "Once "


@pytest.mark.parametrize("entry", ["*", "1-1"], ids=["later", "as_if_earlier"])
def test_what_a_wiped_broker_has_lost_is_read_from_the_database(
    told: tuple[Job, redis.Redis], entry: str
) -> None:
    job, client = told
    tell(client, job, STARTED, Token(text="abcdef"))
    record()
    show(client, job, "abc", 0)
    following = jobs.follow(job.id, timeout=PATIENCE)
    assert next(following) == "abc"
    client.delete(keys.live(job.id))
    show(client, job, "gh", 6, entry=entry)
    assert next(following) == "def"
    assert next(following) == "gh"


def test_a_new_attempt_goes_on_from_what_was_shown(told: tuple[Job, redis.Redis]) -> None:
    job, client = told
    show(client, job, "abc", 0)
    following = jobs.follow(job.id, timeout=PATIENCE)
    assert next(following) == "abc"
    show(client, job, "AB", 0, attempt=2)
    show(client, job, "late", 3)
    show(client, job, "CDE", 2, attempt=2)
    assert next(following) == "DE"
    show(client, job, "", 5, attempt=2)
    set_state(job, JobState.RUNNING, JobState.FINISHED)
    assert list(following) == []


def test_text_comes_from_the_database_while_the_broker_is_away(
    told: tuple[Job, redis.Redis], monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.settings import settings

    job, client = told
    tell(client, job, STARTED, Token(text="Once "), Token(text="upon"))
    record()
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()
    following = jobs.follow(job.id, timeout=PATIENCE)
    assert next(following) == "Once upon"
    set_state(job, JobState.FINISHED)
    assert list(following) == []


def test_following_ends_with_its_patience(told: tuple[Job, redis.Redis]) -> None:
    job, _ = told
    assert list(jobs.follow(job.id, timeout=0.3)) == []


def test_health_tells_how_far_the_recorder_is_behind(told: tuple[Job, redis.Redis]) -> None:
    job, client = told
    tell(client, job, STARTED)
    state = jobs.health()
    assert state["broker"]
    assert (state["recorder"], state["lag"], state["refused"]) == (False, 1, 0)
    assert state["lag_seconds"] >= 0
    record()
    assert jobs.health()["lag"] == 0


def test_the_log_is_read_back(told: tuple[Job, redis.Redis]) -> None:
    from studio.domain.events import LogLine

    job, client = told
    tell(client, job, STARTED, LogLine(text="one"), LogLine(level="error", text="two"))
    record()
    assert [entry["text"] for entry in jobs.log(job.id)] == ["one", "two"]
    assert [entry["level"] for entry in jobs.log(job.id, limit=1)] == ["error"]


def test_a_lease_is_no_longer_needed_to_cancel_what_is_lost(
    told: tuple[Job, redis.Redis],
) -> None:
    job, client = told
    assert leases.held([job.id], client) == {}
    assert jobs.cancel(job.id).state is JobState.CANCELLED


def test_a_job_begins_once_those_before_it_have_ended_however(home: Settings, broker: str) -> None:
    first = submit()
    second = submit(behind=(first.id,))
    assert second.state is JobState.WAITING
    assert "Count" in second.note
    set_state(first, JobState.RUNNING, JobState.FAILED)
    assert submit(behind=(first.id,)).state is JobState.QUEUED


def test_a_worker_is_told_of_earlier_checkpoints(home: Settings, broker: str) -> None:
    job = submit()
    set_state(job, JobState.RUNNING, checkpoint="c" * 64)
    with write(db()):
        for step, artifact in ((1, "a" * 64), (2, "b" * 64), (3, "c" * 64)):
            events.add_checkpoint(db(), job.id, artifact, step, float(step))
    set_state(job, JobState.CANCELLED)
    assert jobs.retry(job.id).earlier == ("b" * 64, "a" * 64)
    order = queue.order(job.id, queue.connect())
    assert order
    assert (order.checkpoint, order.earlier) == ("c" * 64, ("b" * 64, "a" * 64))
