"""The jobs table and every legal move on it."""

from __future__ import annotations

import sqlite3
from itertools import product

import pytest
from sqlite_utils import Database

from studio.domain.jobs import ENDED, TRANSITIONS, IllegalTransition, JobState
from studio.services.context import db
from studio.settings import Settings
from studio.store import jobs
from studio.store.database import write
from tests.jobrows import a_job, put


@pytest.fixture
def store(home: Settings) -> Database:
    return db()


def test_a_row_comes_back_as_it_was_put(store: Database) -> None:
    job = put(store, a_job(after=("b",), result={"é": [1]}, key="k", steps=3))
    assert jobs.get(store, "a") == job
    assert jobs.get(store, "nobody") is None


@pytest.mark.parametrize(("current", "to"), list(product(JobState, JobState)))
def test_a_job_moves_only_as_the_table_says(
    store: Database, current: JobState, to: JobState
) -> None:
    put(store, a_job(state=current))
    if to in TRANSITIONS[current]:
        with write(store):
            assert jobs.move(store, "a", to).state is to
    else:
        with pytest.raises(IllegalTransition, match=f"from {current} to {to}"), write(store):
            jobs.move(store, "a", to)
        assert jobs.get(store, "a").state is current  # type: ignore[union-attr]


def test_every_state_has_its_row_in_the_table() -> None:
    assert set(TRANSITIONS) == set(JobState)
    assert not TRANSITIONS[JobState.FINISHED]
    for state in set(JobState) - ENDED:
        assert TRANSITIONS[state] & {JobState.CANCELLED, JobState.QUEUED}


def test_one_job_is_alive_for_a_key(store: Database) -> None:
    put(store, a_job("a", key="k"))
    with pytest.raises(sqlite3.IntegrityError), write(store):
        jobs.insert(store, a_job("b", key="k"))
    assert jobs.alive_with_key(store, "k").id == "a"  # type: ignore[union-attr]
    with write(store):
        jobs.move(store, "a", JobState.CANCELLED)
    assert jobs.alive_with_key(store, "k") is None
    put(store, a_job("b", key="k"))


def test_the_place_in_line_counts_those_before(store: Database) -> None:
    first = put(store, a_job("a", queued_at=1.0))
    second = put(store, a_job("b", queued_at=2.0))
    urgent = put(store, a_job("c", queued_at=3.0, priority=5))
    put(store, a_job("d", queued_at=0.5, state=JobState.RUNNING))
    assert [jobs.ahead_of(store, job) for job in (urgent, first, second)] == [0, 1, 2]


def test_jobs_are_selected_by_state_and_kind_newest_first(store: Database) -> None:
    for number, state in enumerate([JobState.QUEUED, JobState.RUNNING, JobState.QUEUED]):
        put(store, a_job(str(number), state=state, created_at=float(number)))
    assert [job.id for job in jobs.select(store)] == ["2", "1", "0"]
    assert [job.id for job in jobs.select(store, [JobState.QUEUED], ["prepare"])] == ["2", "0"]
    assert jobs.select(store, kinds=["train"]) == []


def test_a_change_that_fails_leaves_nothing(store: Database) -> None:
    put(store, a_job())

    def to_and_fro() -> None:
        with write(store):
            jobs.move(store, "a", JobState.RUNNING)
            jobs.move(store, "a", JobState.WAITING)

    with pytest.raises(IllegalTransition):
        to_and_fro()
    assert jobs.get(store, "a").state is JobState.QUEUED  # type: ignore[union-attr]
