"""Who may run an attempt, and the sign of life of the one that does."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import redis
from pydantic import BaseModel, ConfigDict

from studio.errors import StudioError
from studio.jobs import keys, queue

log = logging.getLogger(__name__)

TTL = 10.0
"""Seconds after which a job without a sign of life counts as lost."""
RENEW = 2.0
CLAIM_DAYS = 7
_DAY = 86_400

_CLAIM = """
if redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[1] then return 0 end
if not redis.call('SET', KEYS[2], ARGV[2], 'NX', 'EX', ARGV[5]) then return 0 end
redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[4])
return 1
"""
_BEAT = """
local newest = tonumber(redis.call('HGET', KEYS[1], 'attempt') or ARGV[1])
local owner = redis.call('GET', KEYS[2])
if newest > tonumber(ARGV[1]) or (owner and owner ~= ARGV[2]) then return 'fenced' end
if ARGV[6] == '1' or redis.call('EXISTS', KEYS[3]) == 0 then
  redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[5])
  redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[4])
end
if redis.call('GET', KEYS[4]) == ARGV[1] then return 'cancel' end
return 'ok'
"""
_RELEASE = """
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
local lease = cjson.decode(held)
if lease[ARGV[1]] == ARGV[2] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class Lease(BaseModel):
    """``token`` is new for every process that asks, so that no two can hold one attempt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    job_id: str
    attempt: int
    worker: str
    token: str

    @property
    def name(self) -> str:
        return keys.attempt_of(self.job_id, self.attempt)

    def _keys(self) -> tuple[str, str, str]:
        claimed = keys.claim(self.job_id, self.attempt)
        return keys.dispatch(self.job_id), claimed, keys.lease(self.job_id)

    def _values(self) -> tuple[int, str, str, int, int]:
        content = json.dumps(self.model_dump())
        return self.attempt, self.token, content, int(TTL * 1000), CLAIM_DAYS * _DAY


def claim(job_id: str, attempt: int, worker: str, client: redis.Redis) -> Lease | None:
    """The right to run the attempt, or None: another has it, or a newer attempt exists."""
    lease = Lease(job_id=job_id, attempt=attempt, worker=worker, token=secrets.token_hex(8))
    taken = client.eval(_CLAIM, 3, *lease._keys(), *lease._values())
    return lease if taken else None


def beat(lease: Lease, client: redis.Redis, renew: bool) -> str:
    """One sign of life: ``ok``, ``cancel`` (asked to stop) or ``fenced`` (another has the job)."""
    asked = keys.cancel(lease.job_id)
    answer: bytes = client.eval(_BEAT, 4, *lease._keys(), asked, *lease._values(), int(renew))
    return answer.decode()


def release(lease: Lease, client: redis.Redis) -> None:
    """Give up the sign of life; the claim stays, so that nobody runs the attempt again."""
    client.eval(_RELEASE, 1, keys.lease(lease.job_id), "token", lease.token)


def release_of(worker: str, job_id: str, client: redis.Redis) -> None:
    """Give up the sign of life of a process that this worker saw die."""
    client.eval(_RELEASE, 1, keys.lease(job_id), "worker", worker)


def held(job_ids: Sequence[str], client: redis.Redis) -> dict[str, Lease]:
    """The live leases of these jobs."""
    if not job_ids:
        return {}
    found: list[Any] = client.mget([keys.lease(job_id) for job_id in job_ids])
    leases = [Lease.model_validate_json(value) for value in found if value]
    return {lease.job_id: lease for lease in leases}


def claimed(attempts: Sequence[tuple[str, int]], client: redis.Redis) -> set[tuple[str, int]]:
    """Which of these attempts somebody has begun."""
    if not attempts:
        return set()
    found = client.mget([keys.claim(*attempt) for attempt in attempts])
    return {attempt for attempt, token in zip(attempts, found, strict=True) if token}


def ask_to_stop(job_id: str, attempt: int, client: redis.Redis) -> None:
    client.set(keys.cancel(job_id), attempt, ex=CLAIM_DAYS * _DAY)


class Pulse:
    """The thread that renews a lease and listens for requests to stop.

    It goes on while the broker is away, and makes the lease anew in a wiped one. ``cancelled``
    and ``fenced`` are plain attributes, cheap enough to read at every token.
    """

    def __init__(self, lease: Lease, every: float, on_fenced: Callable[[], None]) -> None:
        self.lease = lease
        self.cancelled = False
        self.fenced = False
        self._every = every
        self._on_fenced = on_fenced
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._end.set()
        self._thread.join(queue.PATIENCE + 1)

    def _run(self) -> None:
        beats_a_renewal = max(1, round(RENEW / self._every))
        count, client = 0, None
        while not self._end.wait(self._every) and not self.fenced:
            count += 1
            try:
                client = client or queue.shared()
                self._hear(beat(self.lease, client, renew=count % beats_a_renewal == 0))
            except (*queue.AWAY, StudioError):
                client = None
            except redis.RedisError as problem:  # loading, read-only, out of memory
                log.warning("The broker refused a sign of life: %s", problem)

    def _hear(self, answer: str) -> None:
        if answer == "fenced":
            log.warning("Attempt %s was given to another worker; stopping.", self.lease.name)
            self.fenced = True
            self._on_fenced()
        elif answer == "cancel":
            self.cancelled = True
