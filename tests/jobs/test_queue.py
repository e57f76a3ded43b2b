"""The lines of RQ, ordered as SQLite orders its rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer

from studio.domain.jobs import Job, JobState
from studio.jobs import keys, queue
from studio.settings import Settings


def a_job(job_id: str, **changes: Any) -> Job:
    values = {"created_at": 1.0, "queued_at": 1.0, "spec": {"name": "é"}, **changes}
    return Job(id=job_id, kind="prepare", queue="cpu", title="", state=JobState.QUEUED, **values)


def in_order(client: redis.Redis) -> list[str]:
    found: list[bytes] = client.lrange("rq:queue:cpu", 0, -1)
    return [name.decode() for name in found]


@pytest.fixture
def client(broker: str) -> redis.Redis:
    return queue.connect()


def test_an_offer_names_one_function_and_the_job_in_json(client: redis.Redis) -> None:
    queue.dispatch(a_job("a", attempt=3, checkpoint="c" * 64))
    offer = RqJob.fetch("a-3", connection=client, serializer=JSONSerializer)
    assert (offer.func_name, offer.args, offer.timeout) == (queue.RUN, ["a"], -1)
    order = queue.order("a", client)
    assert order == queue.Order(
        job_id="a", attempt=3, kind="prepare", spec={"name": "é"}, checkpoint="c" * 64
    )
    stored = client.hgetall(keys.dispatch("a"))
    assert json.loads(stored[b"spec"]) == {"name": "é"}
    assert queue.order("nobody", client) is None


def test_offering_twice_is_one_place_in_line(client: redis.Redis) -> None:
    for _ in range(3):
        queue.dispatch(a_job("a"))
    assert in_order(client) == ["a-1"]
    assert queue.in_line({"cpu", "train"}, client) == {"a-1"}


def test_the_line_is_by_priority_then_by_time_whoever_is_offered_first(
    client: redis.Redis,
) -> None:
    rows = [
        a_job("late", queued_at=3.0), a_job("early", queued_at=1.0),
        a_job("urgent-2", queued_at=5.0, priority=1), a_job("idle", queued_at=0.0, priority=-1),
        a_job("urgent-1", queued_at=4.0, priority=1), a_job("between", queued_at=2.0),
    ]  # fmt: skip
    for row in rows:
        queue.dispatch(row)
    names = ["urgent-1", "urgent-2", "early", "between", "late", "idle"]
    assert in_order(client) == [f"{name}-1" for name in names]


def test_a_withdrawn_job_is_not_offered(client: redis.Redis) -> None:
    queue.dispatch(a_job("a"))
    queue.withdraw(a_job("a"))
    assert in_order(client) == []
    assert queue.order("a", client) is None
    assert not client.exists("rq:job:a-1")


def test_a_long_line_keeps_its_order(client: redis.Redis) -> None:
    for number in range(500):
        queue.dispatch(a_job(f"j{number}", queued_at=float(number)), client)
    queue.dispatch(a_job("last", queued_at=1_000.0), client)
    assert in_order(client)[-1] == "last-1"


def test_without_a_broker_the_failure_is_known(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.settings import settings

    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()
    with pytest.raises(queue.AWAY):
        queue.dispatch(a_job("a"))
