"""The emitter: numbered, joined, on disk and on the stream, without holding up the engine."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pytest
import redis
from pydantic_core import PydanticSerializationError

from studio.domain.events import EVENT, Event, Finished, LogLine, MetricLogged, Progressed, Token
from studio.jobs import events as events_of_an_engine
from studio.jobs import keys, queue
from studio.jobs.events import GATHER, Emitter
from studio.jobs.leases import Lease
from studio.settings import Settings
from tests.waiting import until

LEASE = Lease(job_id="a", attempt=1, worker="w", token="t")


@pytest.fixture
def client(broker: str) -> redis.Redis:
    return queue.connect()


def on_stream(client: redis.Redis, key: str = keys.STREAM) -> list[Event]:
    return [EVENT.validate_json(fields[b"e"]) for _, fields in client.xrange(key)]


def test_events_are_numbered_and_say_when(tmp_path: Path, client: redis.Redis) -> None:
    began = time.time()
    with Emitter(LEASE, tmp_path) as emitter:
        emitter.emit(LogLine(text="“quoted”\nline"))
        emitter.emit(Progressed(step=1))
        emitter.emit(Finished(result={"ä": [1]}))
    assert emitter.delivered
    events = on_stream(client)
    assert [event.seq for event in events] == [1, 2, 3]
    assert [event.body.type for event in events] == ["log", "progressed", "finished"]
    assert all(began <= event.at <= time.time() for event in events)
    assert events[0].body.text == "“quoted”\nline"  # type: ignore[union-attr]


def shown(client: redis.Redis) -> list[tuple[int, str]]:
    entries = client.xrange(keys.live("a"))
    return [(int(f[b"place"]), f.get(b"text", b"<end>").decode()) for _, f in entries]


def test_text_is_shown_at_once_and_recorded_in_larger_pieces(
    tmp_path: Path, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_of_an_engine, "KEEP", 3_600.0)
    whole = "Once" + "".join(f" {n}" for n in range(300)) + " end"
    with Emitter(LEASE, tmp_path) as emitter:
        emitter.emit(Token(text="Once"))
        until(lambda: client.xlen(keys.live("a")))
        assert client.xlen(keys.STREAM) == 0
        began = time.monotonic()
        for number in range(300):
            emitter.emit(Token(text=f" {number}"))
        seconds = time.monotonic() - began
        emitter.emit(Progressed(step=1))
        emitter.emit(Token(text=" end"))
        emitter.emit(Finished(result={}))
    pieces = shown(client)
    assert pieces[0] == (0, "Once")
    assert pieces[-1] == (len(whole), "<end>")
    assert "".join(text for _, text in pieces[:-1]) == whole
    assert [place for place, _ in pieces] == [
        sum(len(text) for _, text in pieces[:n]) for n in range(len(pieces))
    ]
    assert 2 < len(pieces) < 6 + seconds / GATHER  # not one for each of the 302
    assert 0 < client.ttl(keys.live("a")) <= 3_600
    events = on_stream(client)
    assert "".join(e.body.text for e in events if isinstance(e.body, Token)) == whole
    assert len(events) < 6
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.body.type for event in events][-3:] == ["progressed", "token", "finished"]


def test_text_of_an_engine_that_pauses_is_recorded_too(tmp_path: Path, client: redis.Redis) -> None:
    with Emitter(LEASE, tmp_path) as emitter:
        emitter.emit(Token(text="Once"))
        until(lambda: client.xlen(keys.STREAM) == 1)


def test_nothing_but_a_token_waits_for_others(tmp_path: Path, client: redis.Redis) -> None:
    with Emitter(LEASE, tmp_path) as emitter:
        for step in range(1, 40):
            emitter.emit(MetricLogged(step=step, values={"loss": 1.0}))
            until(lambda step=step: client.xlen(keys.STREAM) >= step)  # type: ignore[misc]


def test_a_loss_that_is_not_a_number_arrives_as_such(tmp_path: Path, client: redis.Redis) -> None:
    with Emitter(LEASE, tmp_path) as emitter:
        emitter.emit(MetricLogged(step=1, values={"loss": math.nan, "norm": math.inf}))
    (event,) = on_stream(client)
    values = event.body.values  # type: ignore[union-attr]
    assert math.isnan(values["loss"])
    assert values["norm"] == math.inf


def test_what_json_cannot_carry_is_refused_where_the_engine_sees_it(
    tmp_path: Path, client: redis.Redis
) -> None:
    with Emitter(LEASE, tmp_path) as emitter:
        with pytest.raises(PydanticSerializationError):
            emitter.emit(Finished(result={"object": object()}))
        emitter.emit(Progressed(step=1))
    assert [event.seq for event in on_stream(client)] == [1]


def test_the_engine_is_not_held_up_and_nothing_is_lost_while_the_broker_is_away(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.settings import settings

    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()
    with Emitter(LEASE, tmp_path, patience=0.3) as emitter:
        for step in range(1_000):
            emitter.emit(Progressed(step=step))
    assert not emitter.delivered
    (path,) = tmp_path.glob("*.jsonl")
    assert [json.loads(line)["seq"] for line in path.open()] == list(range(1, 1_001))


def test_a_silent_attempt_notices_that_the_broker_was_wiped(
    tmp_path: Path, client: redis.Redis
) -> None:
    with Emitter(LEASE, tmp_path) as emitter:
        emitter.emit(Progressed(step=1))
        until(lambda: client.xlen(keys.STREAM) == 1)
        client.flushall()
        until(lambda: client.xlen(keys.STREAM) == 1)


def test_a_fenced_attempt_emits_nothing_further(tmp_path: Path, client: redis.Redis) -> None:
    with Emitter(LEASE, tmp_path) as emitter:
        emitter.emit(Progressed(step=1))
        until(lambda: client.xlen(keys.STREAM) == 1)
        emitter.fence()
        emitter.emit(Finished(result={}))
    assert client.xlen(keys.STREAM) == 1
