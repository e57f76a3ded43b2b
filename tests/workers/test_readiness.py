"""What a worker loads, when, and when it gives it back."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import redis

from studio.domain.recipes import PrepareSpec
from studio.jobs import keys, live, queue
from studio.services import jobs
from studio.settings import Settings
from workers import readiness
from workers.readiness import Readiness

LINES = ("cpu", "convert")
FIRST, SECOND = "this", "antigravity_that_is_not_there"


@pytest.fixture
def client(home: Settings, broker: str) -> redis.Redis:
    return queue.connect()


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[Readiness]:
    """One that may load at once, two modules of which one is missing."""
    monkeypatch.setattr(readiness, "PAUSE", 0.0)
    sys.modules.pop(FIRST, None)
    yield Readiness((FIRST, SECOND))
    sys.modules.pop(FIRST, None)


class Beats:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def test_nothing_is_loaded_before_work_is_expected(fresh: Readiness, client: redis.Redis) -> None:
    assert fresh.look(LINES, client, beats := Beats())
    assert (beats.count, FIRST in sys.modules) == (0, False)


def test_what_is_there_is_loaded_once_work_is_expected(
    fresh: Readiness, client: redis.Redis
) -> None:
    fresh.worked()
    live.expect("convert", client)
    assert fresh.look(LINES, client, beats := Beats())
    assert (beats.count, FIRST in sys.modules) == (2, True)
    assert fresh.look(LINES, client, beats)
    assert beats.count == 2


def test_a_job_in_line_is_not_kept_waiting(fresh: Readiness, client: redis.Redis) -> None:
    fresh.worked()
    jobs.submit(PrepareSpec(name="n", manuscripts=("0" * 64,)), "Waits")  # which also expects
    assert fresh.look(LINES, client, beats := Beats())
    assert beats.count == 0


@pytest.mark.usefixtures("fresh")
def test_a_job_in_line_waits_for_what_every_job_needs(client: redis.Redis) -> None:
    eager = Readiness((FIRST, SECOND), always=True)
    jobs.submit(PrepareSpec(name="n", manuscripts=("0" * 64,)), "Waits")
    assert eager.look(LINES, client, beats := Beats())
    assert beats.count == 0
    eager.worked()
    assert eager.look(LINES, client, beats)
    assert beats.count == 2


def test_before_the_first_job_a_core_must_be_to_spare(
    fresh: Readiness, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.expect("cpu", client)
    monkeypatch.setattr("psutil.cpu_percent", lambda: 100.0)
    fresh.look(LINES, client, beats := Beats())
    assert beats.count == 0
    monkeypatch.setattr("psutil.cpu_percent", lambda: 0.0)
    fresh.look(LINES, client, beats)
    assert beats.count == 2


def test_it_begins_anew_when_nothing_is_expected_for_long(
    fresh: Readiness, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.worked()
    assert fresh.look(LINES, client, Beats())
    monkeypatch.setattr(readiness, "REST", 0.0)
    assert not fresh.look(LINES, client, Beats())
    live.expect("cpu", client)
    assert fresh.look(LINES, client, Beats())
    client.delete(keys.expected("cpu"))
    assert not fresh.look(LINES, client, Beats())


def test_what_holds_nothing_need_not_begin_anew(
    fresh: Readiness, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "REST", 0.0)
    assert fresh.look(LINES, client, Beats())


@pytest.mark.parametrize(
    ("cores", "busy", "spare"),
    [(2, 49.0, True), (2, 51.0, False), (8, 87.0, True), (1, 40.0, True)],
)
def test_a_core_is_to_spare_when_one_has_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch, cores: int, busy: float, spare: bool
) -> None:
    monkeypatch.setattr("psutil.cpu_count", lambda: cores)
    monkeypatch.setattr("psutil.cpu_percent", lambda: busy)
    assert readiness._has_core_to_spare() is spare
