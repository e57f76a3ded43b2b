"""How soon the curve of a very long run is on the screen."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from studio.bench import machine
from studio.services import context, curves
from studio.services.curves import Curve
from studio.store import database, events

STEPS = 1_000_000
TIMES = 5


def run() -> dict[str, Any]:
    """For a run of a million steps, medians: ``read_ms`` of one measure from SQLite, ``thin_ms``
    to 2,000 points, ``curve_ms`` of both along tokens (two measures are read), ``summary_ms`` of
    all figures of the run, and ``json_kb`` of the chart with one curve."""
    with machine.studio():
        _fill("long")
        steps, values, _times = events.course(context.db(), "long", "loss")
        results = {
            "read_ms": _median(lambda: events.course(context.db(), "long", "loss")),
            "thin_ms": _median(lambda: curves.thinned(steps, values)),
            "curve_ms": _median(lambda: curves.curve("long", "loss", "tokens")),
            "summary_ms": _median(lambda: events.summary(context.db(), "long")),
            "json_kb": round(_json(curves.thinned(steps, values)) / 1000, 1),
        }
    at_most = {"curve_ms": 2000.0, "thin_ms": 20.0, "json_kb": 100.0}
    return machine.report("curves", results, at_most=at_most, at_least={})


def _fill(job_id: str) -> None:
    """A falling loss with noise and holes, as a long run leaves it."""
    import numpy

    noise = numpy.random.default_rng(20).normal(0, 0.1, STEPS)
    loss = 2 + 2 * numpy.exp(-numpy.arange(STEPS) / 1e5) + noise
    loss[::9973] = numpy.nan
    with database.write(context.db()) as db:
        for name, values in (("loss", loss.tolist()), ("tokens", range(0, STEPS * 512, 512))):
            db.conn.executemany(
                "INSERT INTO metrics (job_id, name, step, value, at) VALUES (?, ?, ?, ?, ?)",
                ((job_id, name, n, float(v), 1e9 + n / 10) for n, v in enumerate(values)),
            )


def _median(work: Callable[[], object]) -> float:
    def once() -> float:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) * 1000

    return round(statistics.median(once() for _time in range(TIMES)), 2)


def _json(found: Curve) -> int:
    """Bytes of the chart as it goes to the browser."""
    from plotly.graph_objects import Figure, Scatter

    return len(Figure([Scatter(x=found.x, y=found.y)]).to_json())
