"""What can be read from Redis while things happen: text, workers, the recorder's health, how far
the engine is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import redis

from studio.domain.records import WorkerInfo
from studio.domain.runner import EngineBuild
from studio.errors import StudioError
from studio.jobs import keys, queue

BLOCK_MS = 200
PAUSE = 0.2
GAP = 3.0
"""Seconds to wait for text that a wiped broker has lost and the recorder will have."""
KEPT = 3_600
"""Seconds for which the text can be followed in Redis."""
EXPECTED = 600
"""Seconds for which workers stay prepared after the last sign that they may be needed."""
BUILDER = 10
"""Seconds after which a builder that says nothing is taken for gone."""
Recorded = Callable[[str], tuple[int, str]]
"""Job id → its newest attempt, and all the text which that has written into SQLite."""


class Speaker:
    """Shows followers the text of an attempt while it grows. An entry holds the attempt, the
    place of its text in the whole (characters) and the text; the last one says ``end``."""

    def __init__(self, job_id: str, attempt: int) -> None:
        self._key = keys.live(job_id)
        self._attempt = attempt
        self._said: list[str] = []
        self._place = 0

    def say(self, text: str) -> None:
        self._said.append(text)

    def show(self, client: redis.Redis) -> None:
        """Send what was said since the last time."""
        if self._said:
            text = "".join(self._said)
            self._add(client, {"attempt": self._attempt, "place": self._place, "text": text})
            self._place += len(text)
            self._said.clear()

    def end(self, client: redis.Redis) -> None:
        self._add(client, {"attempt": self._attempt, "place": self._place, "end": 1})

    def _add(self, client: redis.Redis, entry: dict[Any, Any]) -> None:
        with client.pipeline() as pipe:
            pipe.xadd(self._key, entry)
            pipe.expire(self._key, KEPT)
            pipe.execute()


class Reader:
    """Follows the text of a job in Redis, and in SQLite where Redis has lost it.

    Every place in the text is shown once. A newer attempt writes anew: it is shown from where
    the older one had come to.
    """

    def __init__(self, job_id: str, attempt: int, recorded: Recorded) -> None:
        self.ended = False
        self._job_id = job_id
        self._recorded = recorded
        self._attempt = attempt
        self._last: bytes | str = "0"
        self._shown = 0
        self._gap_since = 0.0

    def read(self) -> Iterator[str]:
        """What has come, waiting a moment for it."""
        try:
            found: Any = queue.shared().xread(
                {keys.live(self._job_id): self._last}, count=500, block=BLOCK_MS
            )
            if not found and self._is_behind():  # it was wiped, and its numbers began lower
                self._last = "0"
        except (redis.RedisError, StudioError):
            time.sleep(PAUSE)
            yield from self.rest()
            return
        for entry, fields in found[0][1] if found else []:
            attempt, place = int(fields[b"attempt"]), int(fields[b"place"])
            if attempt >= self._attempt and place > self._shown:
                yield from self.rest()
                if self._must_wait(place):
                    time.sleep(PAUSE)
                    return
            self._last = entry
            yield from self._show(attempt, place, fields.get(b"text", b"").decode())
            self.ended = self.ended or (b"end" in fields and attempt >= self._attempt)

    def _is_behind(self) -> bool:
        """Whether the newest that Redis holds was not shown."""
        newest: Any = queue.shared().xrevrange(keys.live(self._job_id), count=1)
        return any(
            int(fields[b"attempt"]) >= self._attempt
            and int(fields[b"place"]) + len(fields.get(b"text", b"").decode()) > self._shown
            for _entry, fields in newest
        )

    def rest(self) -> Iterator[str]:
        """What SQLite has beyond what was shown."""
        attempt, text = self._recorded(self._job_id)
        yield from self._show(attempt, 0, text)

    def _must_wait(self, place: int) -> bool:
        """Whether text before ``place`` is still on its way into SQLite."""
        if place <= self._shown:
            self._gap_since = 0.0
            return False
        self._gap_since = self._gap_since or time.monotonic()
        return time.monotonic() - self._gap_since < GAP

    def _show(self, attempt: int, place: int, text: str) -> Iterator[str]:
        if attempt < self._attempt:
            return
        self._attempt = attempt
        fresh = text[max(0, self._shown - place) :]
        self._shown = max(self._shown, place + len(text))
        if fresh:
            yield fresh


def workers(client: redis.Redis) -> list[WorkerInfo]:
    """Those whose announcements have not expired, by name."""
    names = sorted(client.scan_iter(match=keys.worker("*"), count=1_000))
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hgetall(name)
        found: list[dict[bytes, bytes]] = pipe.execute()
    return [_worker_of(fields) for fields in found if b"name" in fields]


def announce(info: WorkerInfo, seconds: int, client: redis.Redis) -> None:
    """Say that a worker is there, for so many seconds."""
    fields: dict[Any, Any] = {**info.model_dump(), "libraries": json.dumps(info.libraries)}
    fields["job_id"] = info.job_id or ""
    with client.pipeline() as pipe:
        pipe.hset(keys.worker(info.name), mapping=fields)
        pipe.expire(keys.worker(info.name), seconds)
        pipe.execute()


def leave(name: str, client: redis.Redis) -> None:
    client.delete(keys.worker(name))


def expect(line: str, client: redis.Redis) -> None:
    """Have the workers of a queue load what they need: somebody is about to ask for work."""
    client.set(keys.expected(line), 1, ex=EXPECTED)


def are_expected(lines: Iterable[str], client: redis.Redis) -> bool:
    return bool(client.exists(*map(keys.expected, lines)))


def tell_build(state: EngineBuild, client: redis.Redis) -> None:
    client.set(keys.ENGINE, state.model_dump_json(), ex=BUILDER)


def build(client: redis.Redis) -> EngineBuild | None:
    """What the builder of llama.cpp last said; None when none is at work."""
    said: Any = client.get(keys.ENGINE)
    return EngineBuild.model_validate_json(said) if said else None


def health(client: redis.Redis) -> dict[str, Any]:
    """Whether broker and recorder are there, and how far the recorder is behind."""
    with client.pipeline(transaction=False) as pipe:
        pipe.info("server")
        pipe.exists(keys.RECORDER)
        pipe.xlen(keys.STREAM)
        pipe.xrange(keys.STREAM, count=1)
        info, recorder, lag, oldest = pipe.execute()
    since = int(oldest[0][0].split(b"-")[0]) / 1000 if oldest else time.time()
    return {
        "broker": True,
        "broker_version": info.get("valkey_version") or info["redis_version"],
        "recorder": bool(recorder),
        "lag": lag,
        "lag_seconds": round(max(0.0, time.time() - since), 3),
    }


def _worker_of(fields: dict[bytes, bytes]) -> WorkerInfo:
    values: dict[str, Any] = {name.decode(): value.decode() for name, value in fields.items()}
    values["libraries"] = json.loads(values["libraries"])
    values["job_id"] = values["job_id"] or None
    return WorkerInfo.model_validate(values)
