import itertools

import pytest

from studio.domain.jobs import ENDED, TRANSITIONS, IllegalTransition, Job, JobState, transition


def test_every_state_has_a_row_in_the_table() -> None:
    assert set(TRANSITIONS) == set(JobState)


@pytest.mark.parametrize(("current", "to"), list(itertools.product(JobState, JobState)))
def test_only_steps_of_the_table_are_legal(current: JobState, to: JobState) -> None:
    if to in TRANSITIONS[current]:
        assert transition(current, to) is to
    else:
        with pytest.raises(IllegalTransition):
            transition(current, to)


def test_every_state_can_reach_an_end() -> None:
    for start in JobState:
        reached = {start}
        while (wider := reached.union(*(TRANSITIONS[s] for s in reached))) != reached:
            reached = wider
        assert reached & ENDED


def job(**changes: object) -> Job:
    fields = {
        "id": "j",
        "kind": "train",
        "queue": "train",
        "title": "t",
        "spec": {},
        "state": "running",
        "created_at": 1.0,
    }
    return Job.model_validate(fields | changes)


def test_time_left_is_what_remains_at_the_present_rate() -> None:
    assert job(step=10, steps=40, rate=2.0).seconds_left == 15.0


@pytest.mark.parametrize("changes", [{"rate": None}, {"steps": None}, {"state": "finished"}])
def test_no_time_left_is_made_up(changes: dict[str, object]) -> None:
    assert job(**({"step": 10, "steps": 40, "rate": 2.0} | changes)).seconds_left is None
