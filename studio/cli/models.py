"""``models fit``: which open model fits a machine, answered offline."""

from __future__ import annotations

from typing import Annotated

import typer

from studio.cli import output
from studio.cli.output import AsJson
from studio.language import _
from studio.preflight.fitting import Fit
from studio.services import models

app = typer.Typer(help="Base models.", no_args_is_help=True, rich_markup_mode=None)


@app.command("fit")
def fit(
    memory: Annotated[
        float | None,
        typer.Option(min=0.5, help="Memory of a graphics card in GB; this machine where none."),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Only models that know this language, as en or zh.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which models can be taught on this machine, or on a card of so many GB."""
    found = models.fitting(None if memory is None else round(memory * 1e9), language)
    if as_json:
        output.show_json({"kind": found.kind, "memory": found.memory, "models": found.models})
        return
    columns = ("Model", "Needs", "As", "Longest passage", "Licence", "Good for")
    output.show_table(columns, (_row(model) for model in found.models))


def _row(model: Fit) -> tuple[object, ...]:
    if not model.teachable:
        way = _("cannot be taught here yet")
    else:
        way = {None: _("does not fit"), "none": _("whole")}.get(
            model.quantisation, model.quantisation or ""
        )
    longest = model.longest or "–"
    needs = f"{model.needs / 1e9:.1f} GB"
    return model.name, needs, way, longest, model.licence, model.good_for
