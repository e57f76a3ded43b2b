"""The verbs, and the one place where an error ends one."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from studio import language
from studio.cli import (
    adapters,
    bench,
    datasets,
    jobs,
    manuscripts,
    models,
    output,
    plans,
    runs,
    system,
    teach,
    write,
)
from studio.errors import StudioError
from studio.settings import settings


class Verbs(TyperGroup):
    """Ends a verb that raised a StudioError with its three sentences and exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        language.use(settings().language)
        try:
            return super().invoke(ctx)
        except StudioError as problem:
            output.show_problem(problem, as_json="--json" in sys.argv)
            raise typer.Exit(1) from problem


app = typer.Typer(
    cls=Verbs,
    help="Lorewright: teach a language model your own voice and write with it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("up")(system.up)
app.command("import")(manuscripts.import_manuscripts)
app.command("prepare")(manuscripts.prepare)
app.add_typer(datasets.app, name="dataset")
app.command("preflight")(teach.preflight)
app.command("train")(teach.train)
app.add_typer(runs.app, name="runs")
app.add_typer(plans.app, name="plans")
app.command("convert")(teach.convert)
app.command("write")(write.write)
app.add_typer(adapters.app, name="adapters")
app.add_typer(models.app, name="models")
app.add_typer(jobs.app, name="jobs")
app.command("doctor")(system.doctor)
app.command("backup")(system.backup)
app.command("restore")(system.restore)
app.command("bench")(bench.bench)
app.command("demo")(write.demo)
