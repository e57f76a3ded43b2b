"""Charts, drawn by Plotly in the theme's colours. Each has a sentence beside it on its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from studio.domain.records import MemoryRun
from studio.language import _
from studio.services.curves import Curve

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOURS = tuple(f"#{number:06d}" for number in range(1, 6))
"""Streamlit puts the theme's chart colours in the place of these."""
DASHES = ("solid", "dash", "dot")
GREY = "#8a8478"
"""Told from both grounds, the light and the dark."""
ABOVE: Mapping[str, Any] = {"orientation": "h", "y": 1.15, "x": 0}
"""Where a legend is."""


class Line(NamedTuple):
    """One curve of a chart. A faint one stands behind the others; lines of one colour differ in
    their dash."""

    name: str
    curve: Curve
    colour: int = 0
    faint: bool = False


def lines(found: Sequence[Line], x: str, y: str, *, key: str) -> None:
    """Curves over steps, tokens or time, which ``x`` names; a gap is where there was no number."""
    from plotly.graph_objects import Figure, Scatter

    figure = Figure(
        [
            Scatter(
                x=line.curve.x,
                y=line.curve.y,
                name=line.name,
                mode="lines+markers" if len(line.curve.x) < 40 and not line.faint else "lines",
                opacity=0.5 if line.faint else 1.0,
                line={
                    "width": 1.5 if line.faint else 2.5,
                    "color": COLOURS[line.colour % len(COLOURS)],
                    "dash": DASHES[line.colour // len(COLOURS) % len(DASHES)],
                },
                connectgaps=False,
                hovertemplate="%{y:.4g}",
            )
            for line in found
        ]
    )
    figure.update_layout(uirevision=key)  # a curve that grows does not undo the reader's zoom
    _draw(figure, x, y, key)


def histogram(bars: Sequence[Mapping[str, int]], unit: str, what: str, *, key: str) -> None:
    """How many examples have which length, of those to learn from and those kept aside; bars
    have from, to, train, validation."""
    from plotly.graph_objects import Bar, Figure

    labels = [f"{bar['from']:,}–{bar['to'] - 1:,}" for bar in bars]
    names = {"train": _("To learn from"), "validation": _("Kept aside")}
    figure = Figure(
        [
            Bar(x=labels, y=[bar[split] for bar in bars], name=name, marker_color=colour)
            for (split, name), colour in zip(names.items(), COLOURS, strict=False)
        ]
    )
    figure.update_layout(bargap=0.08, barmode="stack")
    _draw(figure, unit, what, key)


def memory(parts: Mapping[str, int], there: int, *, key: str) -> None:
    """What a training should take, part upon part, against what there is; in bytes. The largest
    parts have a colour of their own, the others share one."""
    from plotly.graph_objects import Bar, Figure

    largest = dict(list(parts.items())[: len(COLOURS) - 1])
    rest = {_("all the rest"): sum(parts.values()) - sum(largest.values())}
    figure = Figure(
        [
            Bar(
                x=[size / 1e9], y=[""], name=name, orientation="h", marker_color=colour,
                hovertemplate="%{x:.2f} GB",
            )
            for (name, size), colour in zip((largest | rest).items(), COLOURS, strict=False)
        ]
    )  # fmt: skip
    figure.add_vline(
        x=there / 1e9,
        line={"dash": "dash", "width": 2, "color": GREY},
        annotation={"text": _("what there is"), "font": {"color": GREY}},
        annotation_position="top left" if there > sum(parts.values()) else "top right",
    )
    figure.update_layout(barmode="stack", bargap=0.3)
    _draw(
        figure,
        "GB",
        "",
        key,
        height=250,
        legend={"orientation": "h", "y": -0.55, "x": 0, "traceorder": "normal"},
    )


def foreseen(runs: Sequence[MemoryRun], *, key: str) -> None:
    """What was reckoned beside what was taken, a pair of bars for each training."""
    from plotly.graph_objects import Bar, Figure

    names = [f"{number}. {run.title}" for number, run in enumerate(runs, 1)]
    pairs = {_("Reckoned"): "foreseen", _("Taken"): "taken"}
    figure = Figure(
        [
            Bar(x=names, y=[getattr(run, of) / 1e9 for run in runs], name=name, marker_color=colour)
            for (name, of), colour in zip(pairs.items(), COLOURS, strict=False)
        ]
    )
    figure.update_layout(barmode="group")
    _draw(figure, "", "GB", key)


def _draw(
    figure: Figure,
    x: str,
    y: str,
    key: str,
    height: int = 320,
    legend: Mapping[str, Any] = ABOVE,
) -> None:
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        xaxis_title=x,
        yaxis_title=y,
        legend=legend,
        hovermode="x unified",
        transition={"duration": 0},
    )
    st.plotly_chart(figure, key=key, config={"displayModeBar": False})
