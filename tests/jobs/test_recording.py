"""From the stream into SQLite: everything once, whatever happens in between."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
import redis

from studio.domain.events import ArtifactProduced, Body, Event, Finished, Progressed, Started
from studio.domain.jobs import JobState
from studio.jobs import keys, queue
from studio.jobs.recording import Recorder
from studio.services.context import db
from studio.settings import Settings
from studio.store import events, jobs
from studio.store.database import connect
from tests.jobrows import a_job, put
from tests.waiting import PATIENCE

STARTED = Started(worker="w", device="cpu", host="h", pid=1)


@pytest.fixture
def client(broker: str) -> redis.Redis:
    put(db(), a_job("a"))
    return queue.connect()


@pytest.fixture
def recorder(client: redis.Redis) -> Recorder:
    return Recorder(db(), client)


def send(client: redis.Redis, *bodies: Body, first: int = 1, job_id: str = "a") -> None:
    for seq, body in enumerate(bodies, first):
        event = Event(job_id=job_id, attempt=1, seq=seq, at=1.0, body=body)
        client.xadd(keys.STREAM, {"e": event.model_dump_json()})


def drain(recorder: Recorder) -> None:
    for _ in range(50):
        if recorder.step(0.01) is None and not recorder.lag():
            return


def stored(job_id: str = "a") -> list[int]:
    rows = db().conn.execute("SELECT seq FROM events WHERE job_id = ? ORDER BY seq", (job_id,))
    return [row["seq"] for row in rows]


def test_a_batch_is_stored_acknowledged_and_forgotten(
    client: redis.Redis, recorder: Recorder
) -> None:
    send(client, STARTED, Progressed(step=1), Finished(result={"x": 1}))
    drain(recorder)
    assert stored() == [1, 2, 3]
    assert jobs.get(db(), "a").state is JobState.FINISHED  # type: ignore[union-attr]
    assert client.hget(keys.RECORDED, "a-1") == b"3"
    assert client.xlen(keys.STREAM) == 0
    assert client.xpending(keys.STREAM, keys.GROUP)["pending"] == 0


def test_the_ids_of_jobs_that_ended_are_told(client: redis.Redis, recorder: Recorder) -> None:
    assert recorder.step(0.01) is None
    send(client, STARTED)
    ended = [recorder.step(0.1) for _ in range(3)]
    assert [] in ended
    send(client, Finished(result={}), first=2)
    assert recorder.step(0.5) == ["a"]


def test_what_was_read_but_not_committed_is_read_again(client: redis.Redis) -> None:
    send(client, STARTED, Progressed(step=1))
    first = Recorder(db(), client)
    first.step(0.01)
    first._group_read(">", 10)  # killed here
    second = Recorder(db(), client)
    drain(second)
    assert stored() == [1, 2]


def test_what_was_committed_but_not_acknowledged_is_not_stored_twice(client: redis.Redis) -> None:
    send(client, STARTED, Progressed(step=1))
    first = Recorder(db(), client)
    first.step(0.01)
    entries = first._group_read(">", 10) or first._group_read("0", None)
    if entries:
        first._record(entries)  # killed here, before the acknowledgement
    second = Recorder(db(), client)
    drain(second)
    assert stored() == [1, 2]
    assert client.hget(keys.RECORDED, "a-1") == b"2"


def test_a_wiped_broker_is_read_from_its_new_beginning(
    client: redis.Redis, recorder: Recorder
) -> None:
    send(client, STARTED)
    drain(recorder)
    client.flushall()
    send(client, STARTED, Progressed(step=1))
    drain(recorder)
    assert stored() == [1, 2]
    assert recorder.known == 1


def test_an_event_that_cannot_be_taken_does_not_hold_up_the_others(
    client: redis.Redis, recorder: Recorder
) -> None:
    put(db(), a_job("b"))
    bad = ArtifactProduced(kind="dataset", artifact="d" * 64, name="", facts={"language": "en"})
    send(client, STARTED, bad, Progressed(step=2))
    client.xadd(keys.STREAM, {"e": b"{not json"})
    client.xadd(keys.STREAM, {"other": b"x"})
    send(client, STARTED, job_id="b")
    drain(recorder)
    assert stored() == [1, 2, 3]
    assert stored("b") == [1]
    assert events.refused(db()) == 3
    reasons = [r["reason"] for r in db().conn.execute("SELECT reason FROM refused_events")]
    assert any("train" in reason for reason in reasons)
    assert jobs.get(db(), "a").step == 2  # type: ignore[union-attr]
    assert client.xlen(keys.STREAM) == 0


def test_a_locked_database_is_waited_for(
    home: Settings, client: redis.Redis, recorder: Recorder
) -> None:
    send(client, STARTED, Progressed(step=1))
    locked, free = threading.Event(), threading.Event()

    def hold() -> None:
        other = connect(home.database)
        other.conn.execute("BEGIN IMMEDIATE")
        locked.set()
        free.wait(PATIENCE)
        other.conn.rollback()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(PATIENCE)
    recorder.db.conn.execute("PRAGMA busy_timeout = 100")
    timer = threading.Timer(1.5, free.set)
    timer.start()
    drain(recorder)
    assert free.is_set()
    thread.join()
    assert stored() == [1, 2]


def test_a_started_job_that_had_been_cancelled_is_asked_to_stop(
    client: redis.Redis, recorder: Recorder
) -> None:
    from studio.store.database import write

    with write(db()):
        jobs.move(db(), "a", JobState.CANCELLED)
    send(client, STARTED)
    drain(recorder)
    assert client.get(keys.cancel("a")) == b"1"


def test_a_thousand_events_are_stored_in_few_transactions(
    home: Settings, client: redis.Redis, recorder: Recorder
) -> None:
    send(client, STARTED, *[Progressed(step=n) for n in range(2, 1_001)])
    drain(recorder)
    assert stored() == list(range(1, 1_001))
    assert jobs.get(db(), "a").step == 1_000  # type: ignore[union-attr]


def test_a_broken_database_is_not_taken_for_a_broken_event(
    client: redis.Redis, recorder: Recorder, tmp_path: Path
) -> None:
    send(client, STARTED)
    recorder.step(0.01)
    recorder.db = connect(tmp_path / "empty.db")  # no tables: an OperationalError
    recorder._pending = False
    with pytest.raises(sqlite3.OperationalError):
        recorder._transact(recorder._group_read(">", 10) or [(b"0-1", {b"e": _one()})])
    assert events.refused(db()) == 0


def _one() -> bytes:
    return Event(job_id="a", attempt=1, seq=1, at=1.0, body=STARTED).model_dump_json().encode()
