"""Claims, leases and the pulse that keeps them, against a real broker."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from studio.domain.jobs import Job, JobState
from studio.jobs import keys, leases, queue
from studio.jobs.leases import Lease, Pulse
from tests.waiting import PATIENCE, until


@pytest.fixture
def client(broker: str) -> redis.Redis:
    offer(1)
    return queue.connect()


def offer(attempt: int) -> None:
    queue.dispatch(
        Job(id="a", kind="prepare", queue="cpu", title="", spec={}, state=JobState.QUEUED,
            attempt=attempt, created_at=0)
    )  # fmt: skip


def claimed(client: redis.Redis, worker: str = "w", attempt: int = 1) -> Lease:
    lease = leases.claim("a", attempt, worker, client)
    assert lease
    return lease


def test_of_many_that_are_offered_a_job_one_gets_it(client: redis.Redis) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: leases.claim("a", 1, f"w{n}", queue.connect()), range(8)))
    (winner,) = [lease for lease in found if lease]
    assert leases.held(["a", "b"], client) == {"a": winner}
    assert leases.claimed([("a", 1), ("a", 2)], client) == {("a", 1)}


def test_what_is_not_on_offer_cannot_be_claimed(client: redis.Redis) -> None:
    assert leases.claim("a", 2, "w", client) is None
    assert leases.claim("b", 1, "w", client) is None
    offer(2)
    assert leases.claim("a", 1, "w", client) is None


def test_a_released_lease_does_not_free_the_attempt(client: redis.Redis) -> None:
    lease = claimed(client)
    leases.release(lease, client)
    assert leases.held(["a"], client) == {}
    assert leases.claim("a", 1, "w", client) is None


def test_only_the_holder_releases(client: redis.Redis) -> None:
    old = claimed(client)
    offer(2)
    new = claimed(client, "other", 2)
    leases.release(old, client)
    leases.release_of("w", "a", client)
    assert leases.held(["a"], client) == {"a": new}
    leases.release_of("other", "a", client)
    assert leases.held(["a"], client) == {}


def test_a_lease_runs_out_and_a_beat_renews_it(client: redis.Redis) -> None:
    lease = claimed(client)
    client.expire(keys.lease("a"), 3_600)
    assert leases.beat(lease, client, renew=False) == "ok"
    assert client.ttl(keys.lease("a")) > leases.TTL
    assert leases.beat(lease, client, renew=True) == "ok"
    assert client.pttl(keys.lease("a")) <= leases.TTL * 1000


def test_a_wiped_broker_gets_claim_and_lease_anew(client: redis.Redis) -> None:
    lease = claimed(client)
    client.flushall()
    assert leases.beat(lease, client, renew=False) == "ok"
    assert leases.held(["a"], client) == {"a": lease}
    offer(1)
    assert leases.claim("a", 1, "second", client) is None


def test_of_two_with_one_attempt_after_a_wipe_the_first_stays(client: redis.Redis) -> None:
    first = claimed(client)
    client.flushall()
    offer(1)
    second = claimed(client, "second")
    assert leases.beat(first, client, renew=True) == "fenced"
    assert leases.held(["a"], client) == {"a": second}


def test_a_newer_attempt_fences_the_old_one(client: redis.Redis) -> None:
    lease = claimed(client)
    offer(2)
    assert leases.beat(lease, client, renew=True) == "fenced"


def test_a_request_to_stop_reaches_its_attempt_alone(client: redis.Redis) -> None:
    lease = claimed(client)
    leases.ask_to_stop("a", 2, client)
    assert leases.beat(lease, client, renew=False) == "ok"
    leases.ask_to_stop("a", 1, client)
    assert leases.beat(lease, client, renew=False) == "cancel"


def test_the_pulse_hears_of_both(client: redis.Redis) -> None:
    fenced = threading.Event()
    with Pulse(claimed(client), 0.02, fenced.set) as pulse:
        leases.ask_to_stop("a", 1, client)
        until(lambda: pulse.cancelled)
        assert not pulse.fenced
        offer(2)
        until(lambda: pulse.fenced)
        assert fenced.wait(PATIENCE)


def test_the_pulse_outlives_a_wipe_and_an_outage(client: redis.Redis) -> None:
    with Pulse(claimed(client), 0.02, lambda: None) as pulse:
        client.flushall()
        until(lambda: leases.held(["a"], client))
        client.client_kill_filter(_type="normal", skipme=True)
        client.delete(keys.lease("a"))
        until(lambda: leases.held(["a"], client))
        assert not pulse.fenced
