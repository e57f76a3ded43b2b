from __future__ import annotations

import pytest

from studio.domain.jobs import Job, JobState
from studio.ui import words


def job(state: JobState, **given: object) -> Job:
    values = {
        "id": "j", "kind": "train", "queue": "train", "title": "Teach", "spec": {},
        "state": state, "created_at": 0.0, **given,
    }  # fmt: skip
    return Job.model_validate(values)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 second"), (59, "59 seconds"), (89, "89 seconds"), (90, "2 minutes"),
        (60 * 60, "60 minutes"), (2 * 3600 + 300, "2 h 5 min"),
    ],
)  # fmt: skip
def test_a_time_span_is_rounded_as_one_would_say_it(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


def test_markdown_in_a_name_is_shown_and_not_obeyed() -> None:
    assert words.plain("*a* <b> :red[c] $x$") == r"\*a\* \<b\> \:red\[c\] \$x\$"


def test_a_queued_job_says_how_many_stand_before_it() -> None:
    assert words.state(job(JobState.QUEUED), 2) == "2 jobs before it"
    assert words.state(job(JobState.QUEUED), 0) == "next in line"


def test_a_job_that_was_asked_to_stop_says_so() -> None:
    assert words.state(job(JobState.RUNNING, cancel_requested=True)) == "stopping"


@pytest.mark.parametrize("state", list(JobState))
def test_every_state_has_words(state: JobState) -> None:
    assert words.state(job(state))


def test_progress_says_step_and_time_left() -> None:
    running = job(JobState.RUNNING, step=10, steps=40, unit="steps", rate=0.25)
    assert words.progress(running) == "10 of 40 steps, about 2 minutes left"
    assert words.progress(job(JobState.RUNNING)) == "started"


def test_sizes_are_megabytes_then_gigabytes() -> None:
    assert words.size(14_400_000) == "14.4 MB"
    assert words.size(1.5e9) == "1.5 GB"


def test_labels_of_which_none_occurs_twice() -> None:
    """The newest come first, so that the oldest keeps its name when another comes."""
    found = words.distinct({"c": "Untitled", "x": "Harbour", "b": "Untitled", "a": "Untitled"})
    assert found == {"c": "Untitled (3)", "x": "Harbour", "b": "Untitled (2)", "a": "Untitled"}
    assert list(found) == ["c", "x", "b", "a"]
