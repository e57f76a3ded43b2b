"""``plans``: trainings that were planned and kept, in and out as YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli import choose, output, teach
from studio.cli.output import AsJson
from studio.domain.records import PlanRecord
from studio.services import datasets, plans

app = typer.Typer(help="Planned trainings.", no_args_is_help=True, rich_markup_mode=None)

Given = Annotated[str | None, typer.Argument(help="A plan, by id or name; default: newest.")]


def _the(given: str | None) -> PlanRecord:
    return choose.one_of(plans.list_all(), given, "plan")


@app.command("list")
def list_plans(as_json: AsJson = False) -> None:
    """The plan that was changed last first."""
    found = plans.list_all()
    if as_json:
        output.show_json({"plans": found})
        return
    rows = [(p.id[:12], p.name, datasets.named(p.spec["dataset"])) for p in found]
    output.show_table(("Id", "Plan", "Dataset"), rows)


@app.command()
def export(
    plan: Given = None,
    file: Annotated[Path | None, typer.Option(help="Write it there, not to the screen.")] = None,
    as_json: AsJson = False,
) -> None:
    """A plan as YAML, with what every setting means."""
    found = _the(plan)
    text = plans.to_yaml(plans.spec_of(found.id))
    if file:
        file.write_text(text, encoding="utf-8")
    if as_json:
        output.show_json({**found.spec, "file": str(file) if file else None})
    elif not file:
        typer.echo(text, nl=False)


@app.command()
def keep(
    lesson: Annotated[str, typer.Argument(help="A YAML or JSON file, or a plan to duplicate.")],
    name: Annotated[str | None, typer.Option(help="What to call the plan.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep a plan of a file, or a copy of one that is kept."""
    spec = teach.kept(lesson)
    if spec is None:
        raise typer.BadParameter("That is neither a YAML or JSON file nor a plan.")
    made = plans.save(name or spec.name, spec)
    output.show_json(made) if as_json else output.show_facts({"Plan": made.name, "Id": made.id})


@app.command()
def delete(plan: Given = None, as_json: AsJson = False) -> None:
    """Put a plan away."""
    found = _the(plan)
    plans.delete(found.id)
    output.show_json(found) if as_json else output.show_facts({"Deleted": found.name})
