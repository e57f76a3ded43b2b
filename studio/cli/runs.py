"""``runs``: list, show, compare, resume, stop, extend, mend and sweep trainings."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from studio.cli import choose, output, teach
from studio.cli.output import AsJson
from studio.cli.progress import said
from studio.domain.jobs import Job
from studio.errors import StudioError
from studio.language import _
from studio.services import lessons, runs, training

app = typer.Typer(help="The studio's trainings.", no_args_is_help=True, rich_markup_mode=None)

Given = Annotated[
    str | None, typer.Argument(help="A run, by its id or the beginning of it; default: newest.")
]


def _the(given: str | None) -> Job:
    return choose.one_of(training.runs(), given, "lesson")


@app.command("list")
def list_runs(
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20, as_json: AsJson = False
) -> None:
    """The newest trainings first, with what they achieved."""
    found = training.runs()[:limit]
    if as_json:
        output.show_json({"runs": [_summary(job) for job in found]})
        return
    rows = [(job.id, job.title, said(job), *_in_short(job)) for job in found]
    output.show_table(("Id", "Lesson", "State", "Before", "After", "Steps"), rows)


def _in_short(job: Job) -> tuple[str, str, int]:
    found = runs.figures(job)
    return _number(found.before), _number(found.after), found.steps


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _summary(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.spec["name"],
        "state": str(job.state),
        "created_at": job.created_at,
        "sweep": job.spec.get("sweep"),
        **runs.figures(job)._asdict(),
    }


@app.command()
def show(run: Given = None, as_json: AsJson = False) -> None:
    """The figures, settings and samples of a training."""
    job = _the(run)
    found = runs.samples([job])
    if as_json:
        samples = [
            {"prompt": each.prompt, "base": each.base, "text": each.texts[job.id]} for each in found
        ]
        spec = runs.spec_of(job).model_dump(mode="json")
        output.show_json({**_summary(job), "spec": spec, "samples": samples})
        return
    output.show_facts({name: _number(value) for name, value in _summary(job).items()})
    settings = [each for each in runs.settings([job]) if each.values[0] not in (None, [], {})]
    output.show_facts({each.words: each.values[0] for each in settings})
    for each in found:
        for line in (f"… {each.prompt}", each.texts[job.id]):
            output.out.print(line, markup=False)


@app.command()
def compare(
    chosen: Annotated[
        list[str], typer.Argument(metavar="RUN RUN…", help="Two runs or more, by their ids.")
    ],
    every: Annotated[bool, typer.Option("--all", help="Settings that are alike, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hold trainings beside each other: figures, and the settings in which they differ."""
    found = [_the(given) for given in dict.fromkeys(chosen)]
    if len(found) < 2:
        raise typer.BadParameter("Name two runs or more.")
    settings = [each for each in runs.settings(found) if every or each.differs]
    if as_json:
        values = {each.field: list(each.values) for each in settings}
        output.show_json({"runs": [_summary(job) for job in found], "settings": values})
        return
    heads = [job.id[:12] for job in found]
    figures = [_summary(job) for job in found]
    rows = [(name, *(_number(each[name]) for each in figures)) for name in figures[0]]
    output.show_table((_("Figure"), *heads), rows)
    output.show_table((_("Setting"), *heads), [(s.words, *s.values) for s in settings])


@app.command()
def resume(run: Given = None, as_json: AsJson = False) -> None:
    """Go on with a training that was stopped or failed, from its last checkpoint."""
    _tell(runs.resume(_the(run).id), as_json)


@app.command()
def stop(run: Given = None, as_json: AsJson = False) -> None:
    """Stop a training within one step; what it learned is kept."""
    _tell(runs.stop(_the(run).id), as_json)


@app.command()
def extend(
    run: Given = None,
    steps: Annotated[int | None, typer.Option(min=1, help="So many more steps.")] = None,
    passes: Annotated[float | None, typer.Option(min=0.01, help="So many more passes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Learn on where a finished training ended; by itself as long again."""
    _tell(lessons.extend(_the(run).id, steps, passes), as_json)


@app.command()
def mend(run: Given = None, as_json: AsJson = False) -> None:
    """Start a training that went astray, or ran out of memory, with what cures it."""
    job = _the(run)
    spec = lessons.smaller(job.id) or lessons.mended(job.id)
    if spec is None:
        raise StudioError(
            _("There is nothing to mend in “{title}”.").format(title=job.title),
            _("It did not go astray, and no change is known with which it would find room."),
            _("Look at why it ended: python -m studio jobs show {id}").format(id=job.id),
        )
    _tell(lessons.again(job.id, spec), as_json)


@app.command()
def sweep(
    lesson: teach.Lesson = None,
    tried: Annotated[
        list[str] | None,
        typer.Option("--try", metavar="SETTING=VALUE,VALUE…", help="Values of a setting."),
    ] = None,
    preset: teach.Preset = None,
    model: teach.BaseModel = None,
    max_steps: teach.Steps = None,
    as_json: AsJson = False,
) -> None:
    """Try a few values of a setting, one training behind the other, to be compared."""
    pairs = [given.partition("=") for given in tried or ()]
    values = {field: given.replace(",", " ").split() for field, _equals, given in pairs}
    placed = lessons.sweep(teach.plan(lesson, preset, model, max_steps, None), values)
    if as_json:
        output.show_json({"runs": [_summary(job) for job in placed]})
        return
    rows = [(job.id, job.title, said(job)) for job in placed]
    output.show_table(("Id", "Lesson", "State"), rows)


def _tell(job: Job, as_json: bool) -> None:
    if as_json:
        output.show_json(_summary(job))
    else:
        output.out.print(f"{job.title}: {said(job)}", markup=False)
