"""When a training has gone astray."""

from __future__ import annotations

import pytest

from studio.training.course import Course
from studio.training.likelihood import Likelihood


def course_of(losses: list[float]) -> Course:
    found = Course(before=Likelihood(nll=1.0, tokens=1, characters=1))
    for loss in losses:
        found.learn(loss)
    return found


@pytest.mark.parametrize(
    ("losses", "astray"),
    [
        ([5.4, 5.5, 4.9, 6.3, 9.0, 11.4, 10.5, 12.9, 10.9], True),  # a rate far too high
        ([3.0, 2.5, 2.0, 1.5, 1.2, 1.0, 0.9, 9.0, 9.0, 9.0], False),  # not yet
        ([3.0, 2.5, 2.0, 1.5, 1.2, 1.0, 0.9, 9.0, 9.0, 9.0, 9.0], True),
        ([3.0, 2.5, 2.0, 9.0, 2.0, 1.9, 8.0, 1.8, 1.7, 1.6], False),  # hard passages
        ([0.69, 0.7, 0.68, 0.6, 0.5, 0.9, 0.4, 0.3, 0.3], False),  # a preference
        ([-1.0, -2.0, -1.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0], False),  # no scale to go by
        ([1.0, 9.0], False),
    ],
)
def test_the_median_of_the_last_losses_against_the_first(losses: list[float], astray: bool) -> None:
    assert course_of(losses).astray is astray
