"""``adapters``: what is done with voices that are on the shelf."""

from __future__ import annotations

import typer

from studio.cli import merging

app = typer.Typer(help="Voices.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Keep ``adapters`` a group while it has a single verb."""


app.command("merge")(merging.merge)
