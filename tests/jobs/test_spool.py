"""Spools: events on disk until SQLite has them; on the stream once, in order, without gaps."""

from __future__ import annotations

import json
import os
import random
import threading
from pathlib import Path

import pytest
import redis

from studio.jobs import keys, leases, queue, spool
from studio.jobs.spool import Fenced, Spool, orphans


@pytest.fixture
def client(broker: str) -> redis.Redis:
    return queue.connect()


def lines(first: int, last: int, kind: str = "progressed") -> list[bytes]:
    return [
        json.dumps({"seq": n, "body": {"type": kind}}, separators=(",", ":")).encode()
        for n in range(first, last + 1)
    ]


def on_stream(client: redis.Redis, key: str = keys.STREAM) -> list[int]:
    return [json.loads(fields[b"e"])["seq"] for _, fields in client.xrange(key)]


def test_events_reach_the_stream_once_and_in_order(tmp_path: Path, client: redis.Redis) -> None:
    found = Spool.create(tmp_path, "a", 1, "t")
    found.append(lines(1, 3))
    found.deliver(client)
    found.deliver(client)
    found.append(lines(4, 1_700))
    found.deliver(client)
    assert on_stream(client) == list(range(1, 1_701))
    assert found.path.name == "a-1-t.jsonl"


def test_a_wiped_broker_is_sent_everything_that_is_not_recorded(
    tmp_path: Path, client: redis.Redis
) -> None:
    found = Spool.create(tmp_path, "a", 1, "t")
    found.append(lines(1, 10))
    found.deliver(client)
    client.flushall()
    found.deliver(client)
    assert on_stream(client) == list(range(1, 11))
    client.flushall()
    client.hset(keys.RECORDED, "a-1", 7)
    found.append(lines(11, 12))
    found.deliver(client)
    assert on_stream(client) == [8, 9, 10, 11, 12]


def test_a_broker_that_lost_its_last_second_is_sent_that(
    tmp_path: Path, client: redis.Redis
) -> None:
    found = Spool.create(tmp_path, "a", 1, "t")
    found.append(lines(1, 6))
    found.deliver(client)
    for entry, _ in client.xrange(keys.STREAM)[3:]:
        client.xdel(keys.STREAM, entry)
    client.hset(keys.SENT, "a-1", 3)
    found.append(lines(7, 8))
    found.deliver(client)
    assert on_stream(client) == list(range(1, 9))


def test_an_answer_that_got_lost_makes_no_duplicate(tmp_path: Path, client: redis.Redis) -> None:
    found = Spool.create(tmp_path, "a", 1, "t")
    found.append(lines(1, 5))
    found.deliver(client)
    found.sent = 0  # as if the connection had broken before the answer came
    found.deliver(client)
    assert on_stream(client) == [1, 2, 3, 4, 5]


def test_what_no_longer_fits_into_memory_is_read_from_disk(
    tmp_path: Path, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Spool.create(tmp_path, "a", 1, "t")
    for first in range(1, 9_001, 1_000):
        found.append(lines(first, first + 999))
    assert len(found._tail) <= spool.KEPT
    found.deliver(client)
    assert on_stream(client) == list(range(1, 9_001))


def test_reading_from_anywhere_gives_the_right_lines(tmp_path: Path) -> None:
    found = Spool.create(tmp_path, "a", 1, "t")
    for first in range(1, 5_001, 1_000):
        found.append(lines(first, first + 999))
    chance = random.Random(3)
    for _ in range(60):
        after = chance.randrange(0, 5_000)
        got = [json.loads(line)["seq"] for line in found.read(after)]
        assert got == list(range(after + 1, after + 1 + len(got)))
        assert got or after == 5_000


def test_a_process_without_the_claim_puts_nothing_on_the_stream(
    tmp_path: Path, client: redis.Redis
) -> None:
    client.set(keys.claim("a", 1), "another")
    found = Spool.create(tmp_path, "a", 1, "t")
    found.append(lines(1, 1))
    with pytest.raises(Fenced):
        found.deliver(client)
    assert not client.exists(keys.STREAM)


def test_sweeping_spares_the_living(tmp_path: Path, client: redis.Redis) -> None:
    found = Spool.create(tmp_path, "a", 1, "t")
    found.append(lines(1, 2))
    assert spool.sweep(tmp_path, client) == 0
    assert not client.exists(keys.STREAM)
    found.close()
    assert spool.sweep(tmp_path, client) == 1
    assert on_stream(client) == [1, 2]


def test_the_lease_of_a_dead_process_is_given_up_and_no_other(
    tmp_path: Path, client: redis.Redis
) -> None:
    for job_id in ("dead", "alive"):
        client.hset(keys.dispatch(job_id), "attempt", 1)
        lease = leases.claim(job_id, 1, "w", client)
        assert lease
        found = Spool.create(tmp_path, job_id, 1, lease.token)
        found.append(lines(1, 3))
        if job_id == "dead":
            found.close()
        else:
            kept = found
    spool.sweep(tmp_path, client)
    assert set(leases.held(["dead", "alive"], client)) == {"alive"}
    assert len(client.xrange(keys.STREAM)) == 3
    kept.close()


def test_the_successor_of_a_dead_process_keeps_its_lease(
    tmp_path: Path, client: redis.Redis
) -> None:
    client.hset(keys.dispatch("a"), "attempt", 2)
    assert leases.claim("a", 2, "w", client)
    left = Spool.create(tmp_path, "a", 1, "token of the first attempt")
    left.append(lines(1, 3))
    left.close()
    spool.sweep(tmp_path, client)
    assert set(leases.held(["a"], client)) == {"a"}


def test_a_spool_is_kept_until_all_of_it_is_recorded(tmp_path: Path, client: redis.Redis) -> None:
    found = Spool.create(tmp_path, "a", 1, "t")
    found.append(lines(1, 3))
    found.deliver(client)
    found.close()
    client.hset(keys.RECORDED, "a-1", 2)
    assert spool.sweep(tmp_path, client) == 1
    client.hset(keys.RECORDED, "a-1", 3)
    assert spool.sweep(tmp_path, client) == 0
    assert not found.path.exists()
    assert not client.hexists(keys.SENT, "a-1")
    assert on_stream(client) == [1, 2, 3]


def test_a_torn_last_line_was_never_sent_and_is_dropped(
    tmp_path: Path, client: redis.Redis
) -> None:
    found = Spool.create(tmp_path, "a", 1, "t")
    found.append(lines(1, 2))
    found.close()
    with found.path.open("ab") as file:
        file.write(lines(3, 3)[0][:10])
    assert spool.sweep(tmp_path, client) == 1
    assert on_stream(client) == [1, 2]


def test_the_spool_of_a_fenced_process_is_thrown_away(tmp_path: Path, client: redis.Redis) -> None:
    found = Spool.create(tmp_path, "a", 1, "t")
    found.append(lines(1, 2))
    found.close()
    client.set(keys.claim("a", 1), "another")
    client.hset(keys.SENT, "a-1", 9)
    assert spool.sweep(tmp_path, client) == 0
    assert not found.path.exists()
    assert client.hget(keys.SENT, "a-1") == b"9"  # that is the other one's


def test_a_disk_that_refuses_costs_no_event(tmp_path: Path, client: redis.Redis) -> None:
    found = Spool.create(tmp_path, "a", 1, "t")
    found.append(lines(1, 2))
    whole, found._file = found._file, open("/dev/full", "ab", buffering=0)  # noqa: PTH123, SIM115
    found.append(lines(3, 5_000))
    found.deliver(client)
    assert on_stream(client) == list(range(1, 5_001))
    found._file = whole
    found.append(lines(5_001, 5_001))
    assert len(found.path.read_bytes().splitlines()) == 5_001
    assert os.path.getsize(found.path) > 0  # noqa: PTH202


def test_a_spool_is_never_seen_before_it_is_locked(tmp_path: Path) -> None:
    """Else a sweeper would take it for that of a process that has ended, and remove it."""
    taken: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            taken.extend(found.path.name for found in orphans(tmp_path))

    sweeper = threading.Thread(target=look)
    sweeper.start()
    for number in range(1_000):
        created = Spool.create(tmp_path, "a", number, "t")
        assert created.path.exists()
        created.path.unlink()
        created.close()
    done.set()
    sweeper.join()
    assert taken == []
    assert list(tmp_path.iterdir()) == []


def test_scratch_folders_go_with_their_spools(tmp_path: Path, client: redis.Redis) -> None:
    work, folder = tmp_path / "work", tmp_path / "spool"
    found = Spool.create(folder, "a", 1, "t")
    for name in ("a-1-t", "b-1-u"):
        (work / name).mkdir(parents=True)
        (work / name / "half.bin").write_text("x")
    spool.clear(work, folder)
    assert [path.name for path in work.iterdir()] == ["a-1-t"]
    found.close()
    spool.sweep(folder, client)
    spool.clear(work, folder)
    assert list(work.iterdir()) == []
    spool.clear(tmp_path / "nowhere", folder)
