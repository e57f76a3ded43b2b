"""Workers as real processes: the right function, the right end, whatever is killed meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from studio.conversion import toolkit
from studio.domain.jobs import Job, JobState
from studio.domain.recipes import PrepareSpec
from studio.domain.specs import ConvertSpec, TrainSpec
from studio.domain.writing import WriteSpec
from studio.jobs import keys, queue
from studio.services import engine, jobs
from studio.services.context import db
from studio.settings import Settings, settings
from studio.store import events
from tests.processes import Crew, gone
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.slow
NOBODY = "0" * 64
NEVER = 3_600
"""Seconds."""
ENDLESS = 8_000
"""Words."""


def count(orders: str, **more: object) -> Job:
    spec = PrepareSpec(name=orders, manuscripts=(NOBODY,))
    return jobs.submit(spec, "Count", **more)  # type: ignore[arg-type]


def train(orders: str) -> Job:
    return jobs.submit(TrainSpec(name=orders, dataset=NOBODY), "Train")


def write(orders: str, tokens: int) -> Job:
    return jobs.submit(WriteSpec(gguf_base=NOBODY, raw=orders, max_tokens=tokens), "Write")


def running(job: Job) -> Job:
    until(lambda: jobs.get(job.id).state is JobState.RUNNING)
    return jobs.get(job.id)


def at_step(job: Job, step: int) -> Job:
    until(lambda: jobs.get(job.id).step >= step)
    return jobs.get(job.id)


def ended(job: Job, state: JobState = JobState.FINISHED) -> Job:
    found = jobs.wait(job.id, PATIENCE)
    assert found.state is state, found
    return found


def horse_of(worker: subprocess.Popen[bytes]) -> psutil.Process:
    return until(lambda: psutil.Process(worker.pid).children())[0]


def every_event_is_there_once(job: Job) -> None:
    rows = db().conn.execute(
        "SELECT attempt, count(*) AS n, max(seq) AS last FROM events WHERE job_id = ?"
        " GROUP BY attempt",
        (job.id,),
    )
    for row in rows:
        assert row["n"] == row["last"]


@pytest.fixture
def cpu(people: Crew) -> subprocess.Popen[bytes]:
    people.recorder()
    worker = people.start("cpu")
    until(lambda: jobs.workers() and jobs.health()["recorder"])
    return worker


def test_a_job_runs_and_its_row_tells_of_it(cpu: subprocess.Popen[bytes], home: Settings) -> None:
    job = ended(count("steps=5 save=2"))
    assert job.result
    assert (job.result["steps"], job.step, job.steps) == (5, 5, 5)
    assert job.result["pid"] != cpu.pid
    assert job.checkpoint
    assert job.worker.startswith("cpu-")
    assert [line["text"] for line in jobs.log(job.id)] == ["Counted to 5."]
    assert len(events.metrics(db(), job.id)) == 5
    every_event_is_there_once(job)
    until(lambda: not list((home.run / "spool").iterdir()))
    assert list((home.run / "work").iterdir()) == []
    client = queue.connect()
    until(lambda: not client.exists(keys.SENT, keys.RECORDED))
    until(lambda: not list(client.scan_iter("rq:job:*")))
    until(lambda: not client.llen("rq:queue:cpu:intermediate"))


def test_a_worker_says_who_and_where_it_is(cpu: subprocess.Popen[bytes]) -> None:
    (worker,) = jobs.workers()
    assert (worker.role, worker.pid, worker.state) == ("cpu", cpu.pid, "idle")
    assert worker.device
    assert worker.memory > 1 << 28
    assert "python" in worker.libraries
    job = running(count("steps=3 hold=1"))
    until(lambda: [(w.state, w.job_id) for w in jobs.workers()] == [("busy", job.id)])
    jobs.cancel(job.id)
    cpu.terminate()
    cpu.wait(PATIENCE)
    assert jobs.workers() == []


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("studio", "The page is blank."),
        ("memory", "more memory"),
        ("disk", "could not be written"),
        ("defect", "defect of the studio"),
    ],
)
def test_a_failure_is_told_in_plain_words(
    cpu: subprocess.Popen[bytes], kind: str, what: str
) -> None:
    job = ended(count(f"steps=1 fail={kind}"), JobState.FAILED)
    assert job.failure
    assert what in job.failure.what
    assert job.failure.why
    assert job.failure.remedy
    assert "Traceback" in job.failure.detail
    again = jobs.retry(job.id)
    assert again.attempt == 2
    ended(job, JobState.FAILED)


def test_a_result_that_is_not_plain_is_a_failure_not_a_silence(
    cpu: subprocess.Popen[bytes],
) -> None:
    job = ended(count("steps=1 result=bad"), JobState.FAILED)
    assert "not JSON serializable" in job.failure.why  # type: ignore[union-attr]


def test_no_other_function_is_run(cpu: subprocess.Popen[bytes], home: Settings) -> None:
    victim = home.data / "victim"
    line = Queue("cpu", connection=queue.connect(), serializer=JSONSerializer)
    line.enqueue("os.system", f"touch {victim}", job_id="evil")
    Queue("cpu", connection=queue.connect()).enqueue(os.system, f"touch {victim}", job_id="evil4")
    line.enqueue("workers.tasks.explained", "x", job_id="evil2")
    line.enqueue(queue.RUN, "a", "b", job_id="evil3")
    ended(count("steps=1"))
    assert not victim.exists()
    client = queue.connect()
    assert not client.exists("rq:job:evil")
    until(lambda: not client.llen("rq:queue:cpu:intermediate"))


def test_of_two_workers_offered_one_job_one_runs_it(
    cpu: subprocess.Popen[bytes], people: Crew
) -> None:
    people.start("cpu")
    until(lambda: len(jobs.workers()) == 2)
    for _ in range(5):
        job = count("steps=3 pause=0.02")
        client = queue.connect()
        for extra in range(3):
            other = job.model_copy(update={"queued_at": float(extra)})
            client.rpush("rq:queue:cpu", f"{job.id}-1")
            queue.dispatch(other, client)
        assert ended(job).attempt == 1
        started = db().conn.execute(
            "SELECT count(*) FROM events WHERE job_id = ? AND type = 'started'", (job.id,)
        )
        assert started.fetchone()[0] == 1
        every_event_is_there_once(job)


def test_priority_goes_before_time(cpu: subprocess.Popen[bytes]) -> None:
    first = at_step(count("steps=3 hold=1"), 1)
    usual, urgent = count("steps=1"), count("steps=1", priority=5)
    assert jobs.place_in_line(urgent.id) == 1
    assert jobs.place_in_line(usual.id) == 2
    jobs.cancel(first.id)
    assert ended(urgent).started_at < ended(usual).started_at  # type: ignore[operator]


def test_a_chain_of_jobs_goes_on_by_itself(people: Crew, cpu: subprocess.Popen[bytes]) -> None:
    people.start("train")
    with jobs.together():  # so that the first has not ended before there is a second
        first = count("steps=2")
        spec = TrainSpec(name="steps=2", dataset=f"job:{first.id}/dataset")
        second = jobs.submit(spec, "Train")
        third = count("steps=1", after=[second.id])
    assert second.state is JobState.WAITING
    done = ended(third)
    assert jobs.get(second.id).spec["dataset"] == "d" * 64
    assert done.started_at > jobs.get(second.id).ended_at  # type: ignore[operator]


def test_stop_and_resume_ends_where_it_would_have_ended_anyway(
    cpu: subprocess.Popen[bytes],
) -> None:
    whole = ended(count("steps=40"))
    job = at_step(count("steps=40 hold=5"), 5)
    jobs.cancel(job.id)
    stopped = ended(job, JobState.CANCELLED)
    assert stopped.checkpoint
    assert stopped.result
    assert 5 <= stopped.result["steps"] < 40
    jobs.retry(job.id)
    again = ended(job)
    assert again.attempt == 2
    assert again.result["total"] == whole.result["total"]  # type: ignore[index]
    every_event_is_there_once(job)


def test_a_killed_horse_is_noticed_at_once_and_its_job_goes_on(
    cpu: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = at_step(count("steps=30 save=5 hold=12"), 12)
    horse_of(cpu).kill()
    queue.connect().expire(keys.lease(job.id), NEVER)  # so that not its end is what is noticed
    until(lambda: jobs.get(job.id).attempt == 2)
    done = ended(job)
    assert [c["step"] for c in events.checkpoints(db(), job.id)] == [5, 10, 15, 20, 25, 30]
    assert done.result["steps"] == 30  # type: ignore[index]
    every_event_is_there_once(job)


def test_a_killed_worker_takes_its_horse_along_and_another_goes_on(
    cpu: subprocess.Popen[bytes], people: Crew
) -> None:
    job = at_step(count("steps=40 save=5 hold=12"), 12)
    horse = horse_of(cpu)
    cpu.kill()
    until(lambda: gone(horse))
    people.start("cpu")
    done = ended(job)
    assert done.attempt == 2
    every_event_is_there_once(job)


def test_a_wiped_broker_does_not_disturb_a_running_job(cpu: subprocess.Popen[bytes]) -> None:
    job = at_step(count("steps=60 pause=0.05"), 5)
    waiting = count("steps=1")
    queue.connect().flushall()
    assert ended(job).attempt == 1
    assert ended(waiting).state is JobState.FINISHED
    every_event_is_there_once(job)


def test_a_stopped_recorder_catches_up(people: Crew) -> None:
    people.start("cpu")
    until(jobs.workers)
    job = count("steps=500")
    until(lambda: jobs.health()["lag"] > 900)
    assert jobs.get(job.id).state is JobState.QUEUED
    recorder = people.recorder()
    until(lambda: jobs.get(job.id).state is JobState.FINISHED)
    recorder.terminate()
    assert recorder.wait(PATIENCE) == 0
    every_event_is_there_once(job)


def test_one_recorder_serves_a_data_folder(people: Crew) -> None:
    people.recorder()
    until(lambda: jobs.health()["recorder"])
    assert people.recorder().wait(PATIENCE) == 3
    assert "Another recorder" in people.said("recorder")


def test_a_worker_that_is_asked_to_end_lets_the_job_save_its_work(
    cpu: subprocess.Popen[bytes], people: Crew
) -> None:
    job = at_step(count("steps=20000 pause=0.05 hold=5"), 5)
    cpu.terminate()
    cpu.wait(PATIENCE)
    until(lambda: jobs.get(job.id).checkpoint)
    assert jobs.get(job.id).state is not JobState.CANCELLED
    people.start("cpu")
    until(lambda: jobs.get(job.id).attempt == 2)
    jobs.cancel(at_step(job, 7).id)
    assert ended(job, JobState.CANCELLED).losses == 0


def test_a_job_that_dies_again_and_again_fails_with_a_reason(
    cpu: subprocess.Popen[bytes],
) -> None:
    job = ended(count("steps=5 die=2"), JobState.FAILED)
    assert job.losses == 5
    assert "memory" in job.failure.why  # type: ignore[union-attr]


@pytest.fixture
def writer(people: Crew) -> subprocess.Popen[bytes]:
    people.recorder()
    worker = people.start("write")
    until(lambda: jobs.workers() and jobs.health()["recorder"])
    return worker


def test_a_page_is_streamed_while_it_is_written(writer: subprocess.Popen[bytes]) -> None:
    job = write("pause=0.1", ENDLESS)
    following = jobs.follow(job.id, PATIENCE)
    shown = [next(following) for _ in range(3)]
    running(job)
    jobs.cancel(job.id)
    text = "".join([*shown, *following])
    words = text.split()
    assert words == [f"w{n}" for n in range(len(words))]
    assert ended(job, JobState.CANCELLED).result["text"] == text  # type: ignore[index]


def test_a_page_can_be_stopped_long_before_its_end(writer: subprocess.Popen[bytes]) -> None:
    job = running(write("pause=0.1", ENDLESS))
    jobs.cancel(job.id)
    stopped = ended(job, JobState.CANCELLED)
    assert len(stopped.result["text"].split()) < ENDLESS  # type: ignore[index]


def test_the_writer_stays_the_same_process(writer: subprocess.Popen[bytes]) -> None:
    for _ in range(3):
        ended(write("", 3))
    started = db().conn.execute("SELECT body FROM events WHERE type = 'started'").fetchall()
    assert len(started) == 3
    assert all(f'"pid":{writer.pid}' in row["body"] for row in started)


def test_a_killed_writer_starts_the_page_again(
    writer: subprocess.Popen[bytes], people: Crew
) -> None:
    job = running(write("pause=0.01", 1_000))
    os.kill(writer.pid, signal.SIGKILL)
    people.start("write")
    done = ended(job)
    assert done.attempt == 2
    assert done.result["text"] == "".join(f"w{n} " for n in range(1_000))  # type: ignore[index]


def test_a_worker_waits_for_its_broker(home: Settings, people: Crew, broker: str) -> None:
    client = redis.Redis.from_url(broker)
    people.recorder()
    worker = people.start("cpu")
    until(jobs.workers)
    client.client_kill_filter(_type="normal", skipme=True)
    client.client_kill_filter(_type="pubsub", skipme=True)
    ended(count("steps=2"))
    assert worker.poll() is None


def test_a_forked_job_reaches_a_bucket(
    home: Settings, people: Crew, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOREWRIGHT_ARTIFACTS", bucket)
    people.recorder()
    people.start("cpu")
    until(lambda: jobs.workers() and jobs.health()["recorder"])
    for _ in range(2):
        assert ended(count("steps=4 save=2")).checkpoint


def test_a_worker_that_nobody_needs_begins_anew(cpu: subprocess.Popen[bytes]) -> None:
    first = ended(count("steps=1")).worker
    queue.connect().delete(keys.expected("cpu"))
    until(lambda: (told := jobs.workers()) and told[0].name != first, "the worker to begin anew")
    (worker,) = jobs.workers()
    assert worker.pid == cpu.pid
    assert ended(count("steps=1")).worker == worker.name


def test_conversions_wait_in_line_until_llama_cpp_is_built(
    people: Crew, home: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LOREWRIGHT_CACHE", str(tmp_path))
    settings.cache_clear()
    people.home = settings()
    people.recorder()
    people.start("cpu")
    until(lambda: jobs.workers() and jobs.health()["recorder"])
    conversion = jobs.submit(ConvertSpec(name="steps=1", converter="base-gguf"), "Convert")
    ended(count("steps=1"))
    assert jobs.get(conversion.id).state is JobState.QUEUED
    assert engine.awaited(jobs.get(conversion.id))
    shutil.copytree(home.cache / toolkit.FOLDER, tmp_path / toolkit.FOLDER)
    ended(conversion)
    assert engine.awaited(jobs.get(conversion.id)) is None
