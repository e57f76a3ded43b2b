"""The measures of a run as curves that a page can draw, however long the run was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from studio.services.context import db
from studio.store import events

if TYPE_CHECKING:
    from numpy.typing import NDArray

Axis = Literal["tokens", "step", "seconds"]
POINTS = 2000
"""About as many as a screen has columns; more would be drawn over each other."""


class Curve(NamedTuple):
    """``x`` in the unit of the axis, ``y`` in that of the measure; NaN where it was no number.
    ``measured`` counts the points before any were left out."""

    x: NDArray[Any]
    y: NDArray[Any]
    measured: int


def curve(job_id: str, name: str, axis: Axis = "step", points: int = POINTS) -> Curve:
    """One measure of a run over steps, tokens read, or seconds since its first measure.

    Longer ones are thinned to ``points`` by MinMaxLTTB (Van der Donckt et al. 2023), which keeps
    peaks, the shape, and where there was no number.
    """
    steps, values, times = events.course(db(), job_id, name)
    if axis == "tokens":
        x = _tokens(job_id, steps)
    else:
        x = times - times.min() if axis == "seconds" and len(times) else steps
    return thinned(x, values, points)


def thinned(x: NDArray[Any], y: NDArray[Any], points: int = POINTS) -> Curve:
    """The points that show the same line; ``x`` has to rise."""
    if len(y) <= points:
        return Curve(x, y, len(y))
    from tsdownsample import NaNMinMaxLTTBDownsampler

    kept = NaNMinMaxLTTBDownsampler().downsample(x, y, n_out=points)
    return Curve(x[kept], y[kept], len(y))


def _tokens(job_id: str, steps: NDArray[Any]) -> NDArray[Any]:
    """How many tokens had been read at each of these steps; between two known ones in line."""
    import numpy

    at, read, _times = events.course(db(), job_id, "tokens")
    known = ~numpy.isnan(read)
    if not known.any():
        return steps
    at, read = numpy.r_[0.0, at[known]], numpy.r_[0.0, read[known]]
    found: NDArray[Any] = numpy.interp(steps, at, read)
    return found
