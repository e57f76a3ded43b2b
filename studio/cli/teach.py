"""From a dataset to a voice: ``preflight``, ``train`` and ``convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli import choose, output
from studio.cli.output import AsJson
from studio.cli.progress import follow
from studio.domain.findings import Finding, Remedy, Report
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.services import adapters, carrying, datasets, plans, training
from studio.services.conversion import Quantisation
from studio.training import reading

PLAN_FILES = (".yaml", ".yml", ".json")
MARKS = {"blocks": "!!", "warns": "! ", "tells": "  "}

Lesson = Annotated[
    str | None,
    typer.Argument(
        help="A plan (a YAML or JSON file, or the name of one that was kept), or a dataset by id"
        " or name; the newest dataset where none is named."
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(help="How long to learn from a dataset: taste (the usual), evening or weekend."),
]
BaseModel = Annotated[str | None, typer.Option("--model", help="Base model: its name or folder.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Stop after this many steps.")]
Quantised = Annotated[
    Quantisation, typer.Option(help="How the numbers of the base model are stored.")
]


def plan(
    lesson: str | None, preset: str | None, model: str | None, steps: int | None, name: str | None
) -> TrainSpec:
    """The training that the arguments describe.

    Raises:
        StudioError: the plan cannot be read, or nothing is called so.
    """
    spec = kept(lesson) if lesson else None
    if spec is None:
        record = choose.one_of(datasets.list_all(), lesson, "dataset")
        spec = _suggested(record.id, preset or "taste", model)
    elif preset or model:
        raise typer.BadParameter("A plan names its base model itself, and is no preset any more.")
    changes = {"max_steps": steps, "name": name}
    given = {field: value for field, value in changes.items() if value is not None}
    return reading.with_changes(spec, given)


def _suggested(dataset: str, preset: str, model: str | None) -> TrainSpec:
    presets = training.presets(dataset, choose.base_model(model))
    if preset not in presets:
        raise typer.BadParameter(f"There are the presets {', '.join(presets)}.")
    return presets[preset]


def kept(lesson: str) -> TrainSpec | None:
    """The plan in this file, or of this name or id; None where it is neither.

    Raises:
        StudioError: the file cannot be read, or a dataset has the same name.
    """
    if lesson.lower().endswith(PLAN_FILES):
        return plans.from_yaml(_text_of(Path(lesson)))
    found = [plan.id for plan in plans.list_all() if lesson in (plan.id, plan.name)]
    if not found:
        return None
    if any(lesson in (dataset.id, dataset.name) for dataset in datasets.list_all()):
        raise StudioError(
            _("“{name}” is a plan and a dataset.").format(name=lesson),
            _("Both have this name."),
            _("Name one of them by its id: the plan is {id}.").format(id=found[0]),
        )
    return plans.spec_of(found[0])


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise StudioError(
            _("The plan “{name}” cannot be read.").format(name=path.name),
            str(problem),
            _("Give the path of a plan that the studio wrote."),
        ) from problem


def preflight(
    lesson: Lesson = None,
    preset: Preset = None,
    model: BaseModel = None,
    max_steps: Steps = None,
    as_json: AsJson = False,
) -> None:
    """Say what would go wrong with a training before a minute is spent on it."""
    report = training.preflight(plan(lesson, preset, model, max_steps, None))
    if as_json:
        output.show_json(report)
    else:
        show_report(report)
    if report.blocked:
        raise typer.Exit(1)


def show_report(report: Report) -> None:
    for finding in report.findings:
        output.out.print(_lines(finding), markup=False)
    if not report.blocked:
        output.out.print(_("Nothing stands in the way."))


def _lines(finding: Finding) -> str:
    lines = [f"{MARKS[finding.level]} {finding.sentence}", f"   {finding.reason}"]
    lines += [f"   → {_told(remedy)}" for remedy in finding.remedies]
    return "\n".join(lines)


def _told(remedy: Remedy) -> str:
    """What to do, which fields that changes, and what it costs."""
    if not remedy.changes:
        return remedy.label
    fields = ", ".join(f"{name}={value}" for name, value in remedy.changes.items())
    costs = (
        _("costs nothing"),
        _("hardly heard in the result"),
        _("can be heard in the result"),
        _("costs much of the result"),
    )
    return f"{remedy.label} ({fields}; {costs[remedy.cost]})"


def train(
    lesson: Lesson = None,
    preset: Preset = None,
    model: BaseModel = None,
    name: Annotated[str | None, typer.Option(help="What to call the voice.")] = None,
    max_steps: Steps = None,
    quantisation: Quantised = "F16",
    as_json: AsJson = False,
) -> None:
    """Teach a voice: train, convert, verify, as jobs one after another."""
    spec = plan(lesson, preset, model, max_steps, name)
    done = follow(lambda: training.teach(spec, quantisation).chain, quiet=as_json)
    taught, verified = done[0].result or {}, done[-1].result or {}
    if as_json:
        output.show_json({"job_id": done[0].id, **taught, "verification": verified})
        return
    output.show_facts(
        {
            "Voice": adapters.get(taught["adapter"]).name,
            "Steps": taught["steps"],
            "Seconds": round(taught["seconds"]),
            "Surprise a character, before": f"{taught['nll_before']:.4f} nats",
            "Surprise a character, after": f"{taught['nll_after']:.4f} nats",
            "Same next word after conversion": f"{verified['top1_agreement']:.2%}",
            "Id": taught["adapter"],
        }
    )


def convert(
    adapter: Annotated[
        str | None, typer.Argument(help="A voice, by id or name; the newest where none is named.")
    ] = None,
    quantisation: Quantised = "F16",
    as_json: AsJson = False,
) -> None:
    """Carry a voice and its base model to GGUF, and prove that nothing was lost."""
    record = choose.one_of(adapters.list_all(), adapter, "voice")
    done = follow(lambda: carrying.convert(record.id, quantisation), quiet=as_json)
    files = [(job.result or {})["gguf"] for job in done if job.kind == "convert"]
    facts = {**dict(zip(("base", "adapter"), files, strict=False)), **(done[-1].result or {})}
    output.show_json(facts) if as_json else output.show_facts(facts)
