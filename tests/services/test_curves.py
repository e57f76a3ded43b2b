"""Curves: aligned, thinned without losing peaks, gaps where there was no number."""

from __future__ import annotations

import math

import numpy
import pytest

from studio.services import curves
from studio.services.context import db
from studio.settings import Settings
from studio.store import events
from studio.store.database import write


def measured(job: str, name: str, values: list[float], every: int = 1) -> None:
    rows = [(job, name, n * every, v, 100.0 + n) for n, v in enumerate(values)]
    with write(db()):
        db().conn.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", rows)


def test_a_short_curve_is_drawn_as_it_is(home: Settings) -> None:
    measured("a", "loss", [3.0, math.nan, 1.0])
    found = curves.curve("a", "loss")
    assert list(found.x) == [0, 1, 2]
    assert [math.isnan(y) for y in found.y] == [False, True, False]
    assert found.measured == 3


def test_no_measure_is_an_empty_curve(home: Settings) -> None:
    for axis in ("step", "tokens", "seconds"):
        assert curves.curve("nobody", "loss", axis).measured == 0  # type: ignore[arg-type]


def test_runs_are_aligned_by_tokens_or_by_time(home: Settings) -> None:
    measured("a", "loss", [3.0, 2.0, 1.0], every=10)
    measured("a", "tokens", [0.0, 500.0], every=20)
    assert list(curves.curve("a", "loss", "tokens").x) == [0, 250, 500]
    assert list(curves.curve("a", "loss", "seconds").x) == [0, 1, 2]


def test_a_long_run_comes_thinned_from_the_database(home: Settings) -> None:
    measured("a", "loss", [math.sin(n / 100) for n in range(5000)])
    measured("a", "tokens", [n * 8.0 for n in range(5000)])
    found = curves.curve("a", "loss", "tokens")
    assert (len(found.x), found.measured, found.x[-1]) == (curves.POINTS, 5000, 39_992)


def test_a_long_curve_keeps_its_peaks_and_its_gaps() -> None:
    y = numpy.sin(numpy.arange(200_000) / 5000)
    y[123_456], y[77_000:77_050] = 9.0, numpy.nan
    found = curves.thinned(numpy.arange(200_000.0), y)
    assert len(found.x) <= curves.POINTS
    assert found.measured == 200_000
    assert (found.x[0], found.x[-1]) == (0, 199_999)
    assert numpy.nanmax(found.y) == 9.0
    assert numpy.isnan(found.y).any()
    assert (numpy.diff(found.x) > 0).all()


def test_the_summary_of_a_run(home: Settings) -> None:
    measured("a", "nll_per_character", [1.5, 1.2, math.nan, 1.3], every=5)
    measured("a", "perplexity", [90.0, 60.0, math.nan, 70.0], every=5)
    measured("b", "zzz", [1.0])
    found = events.summary(db(), "a")
    assert set(found) == {"nll_per_character", "perplexity"}
    assert found["perplexity"] == events.Measure(90.0, 70.0, 60.0)
    assert found["nll_per_character"].first == pytest.approx(1.5)
    assert events.summary(db(), "nobody") == {}
