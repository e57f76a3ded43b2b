"""The way to RQ: one function, its arguments in JSON, lines ordered as SQLite orders them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import redis
from pydantic import BaseModel, ConfigDict
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.command import send_command
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer

from studio.domain.jobs import Job
from studio.jobs import keys
from studio.jobs.broker import broker_url
from studio.settings import settings

RUN = "workers.tasks.run_job"
"""The only function a worker runs; its one argument is the job's id."""
AWAY = (redis.ConnectionError, redis.TimeoutError)
"""What redis-py raises while the broker cannot be reached."""
PATIENCE = 3.0

_PUSH = """
redis.call('LREM', KEYS[1], 0, ARGV[1])
local ids = redis.call('LRANGE', KEYS[1], 0, -1)
local pivot = nil
for i = #ids, 1, -1 do
  local key = ARGV[4] .. string.gsub(ids[i], '%-%d+$', '')
  local other = redis.call('HMGET', key, 'priority', 'queued_at')
  local priority, at = tonumber(other[1] or '0'), tonumber(other[2] or '0')
  if priority > tonumber(ARGV[2]) then break end
  if priority == tonumber(ARGV[2]) and at <= tonumber(ARGV[3]) then break end
  pivot = ids[i]
end
if pivot then redis.call('LINSERT', KEYS[1], 'BEFORE', pivot, ARGV[1])
else redis.call('RPUSH', KEYS[1], ARGV[1]) end
"""


class Order(BaseModel):
    """What a worker is told about an attempt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    job_id: str
    attempt: int
    kind: str
    spec: dict[str, Any]
    checkpoint: str | None = None
    earlier: tuple[str, ...] = ()


def connect(patience: float = PATIENCE) -> redis.Redis:
    """A client of its own for one process or thread; waits at most ``patience`` seconds.

    Raises:
        StudioError: nobody has said where the broker is.
    """
    return _client(broker_url(settings()), patience)


def shared() -> redis.Redis:
    """The client that the threads of this process share.

    Raises:
        StudioError: nobody has said where the broker is.
    """
    return _shared(broker_url(settings()))


@lru_cache(maxsize=4)
def _shared(url: str) -> redis.Redis:
    return _client(url, PATIENCE)


def _client(url: str, patience: float) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=patience,
        socket_connect_timeout=min(2.0, patience),
        socket_keepalive=True,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),
        protocol=2,
        driver_info=None,  # two questions less for every new connection
    )


def line(name: str, client: redis.Redis) -> Queue:
    """The RQ queue of a role."""
    return Queue(name, connection=client, serializer=JSONSerializer)


def dispatch(job: Job, client: redis.Redis | None = None) -> None:
    """Offer the job's newest attempt to the workers of its queue; doing so twice is harmless.

    Raises:
        AWAY: the broker cannot be reached; the reconciler will do it later.
    """
    client = client or shared()
    queue = line(job.queue, client)
    name = keys.attempt_of(job.id, job.attempt)
    task = RqJob.create(
        RUN, args=(job.id,), id=name, origin=job.queue, timeout=-1, result_ttl=0,
        connection=client, serializer=JSONSerializer, description=f"{job.kind} {name}",
    )  # fmt: skip
    with client.pipeline() as pipe:
        pipe.delete(keys.dispatch(job.id))
        pipe.hset(keys.dispatch(job.id), mapping=_order_of(job))
        task.save(pipeline=pipe)
        pipe.sadd(Queue.redis_queues_keys, queue.key)
        pipe.eval(
            _PUSH, 1, queue.key, name, job.priority, job.queued_at or job.created_at, keys.DISPATCH
        )
        pipe.execute()


def _order_of(job: Job) -> dict[Any, Any]:
    return {
        "attempt": job.attempt,
        "kind": job.kind,
        "spec": json.dumps(job.spec, ensure_ascii=False),
        "checkpoint": job.checkpoint or "",
        "earlier": " ".join(job.earlier),
        "priority": job.priority,
        "queued_at": job.queued_at or job.created_at,
    }


def order(job_id: str, client: redis.Redis) -> Order | None:
    """What the newest attempt is to do; None when the broker has forgotten the job."""
    found: dict[Any, Any] = client.hgetall(keys.dispatch(job_id))
    if not found:
        return None
    return Order(
        job_id=job_id,
        attempt=int(found[b"attempt"]),
        kind=found[b"kind"].decode(),
        spec=json.loads(found[b"spec"]),
        checkpoint=found[b"checkpoint"].decode() or None,
        earlier=tuple(found.get(b"earlier", b"").decode().split()),
    )


def withdraw(job: Job, client: redis.Redis | None = None) -> None:
    """Take the job out of its line; a worker that already holds the offer finds nothing."""
    client = client or shared()
    name = keys.attempt_of(job.id, job.attempt)
    with client.pipeline() as pipe:
        pipe.lrem(line(job.queue, client).key, 0, name)
        pipe.delete(RqJob.key_for(name), keys.dispatch(job.id))
        pipe.execute()


def in_line(names: Iterable[str], client: redis.Redis) -> set[str]:
    """The attempts that wait in the lines of these queues."""
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.lrange(line(name, client).key, 0, -1)
        return {found.decode() for queue in pipe.execute() for found in queue}


def kill(worker: str, job: Job, client: redis.Redis) -> None:
    """Have the worker end the process that runs the job, without asking it."""
    send_command(client, worker, "stop-job", job_id=job.id)
