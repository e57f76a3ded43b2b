"""From a dataset to a voice: ``preflight``, ``train`` and ``convert``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from studio.cli import choose, output
from studio.cli.output import AsJson
from studio.cli.progress import follow
from studio.domain.findings import Finding, Remedy, Report
from studio.domain.specs import TrainSpec
from studio.language import _
from studio.services import adapters, conversion, datasets, training
from studio.services.conversion import Quantisation

MARKS = {"blocks": "!!", "warns": "! ", "tells": "  "}

Dataset = Annotated[
    str | None, typer.Argument(help="A dataset, by id or name; the newest where none is named.")
]
Preset = Annotated[str, typer.Option(help="How long to learn: taste, evening or weekend.")]
BaseModel = Annotated[str | None, typer.Option("--model", help="Base model: its name or folder.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Stop after this many steps.")]
Quantised = Annotated[
    Quantisation, typer.Option(help="How the numbers of the base model are stored.")
]


def plan(
    dataset: str | None, preset: str, model: str | None, steps: int | None, name: str | None
) -> TrainSpec:
    """The training that the options describe."""
    record = choose.one_of(datasets.list_all(), dataset, "dataset")
    presets = training.presets(record.id, choose.base_model(model))
    if preset not in presets:
        raise typer.BadParameter(f"There are the presets {', '.join(presets)}.")
    changes = {"max_steps": steps, "name": name}
    given = {field: value for field, value in changes.items() if value is not None}
    return TrainSpec.model_validate({**presets[preset].model_dump(), **given})


def preflight(
    dataset: Dataset = None,
    preset: Preset = "taste",
    model: BaseModel = None,
    max_steps: Steps = None,
    as_json: AsJson = False,
) -> None:
    """Say what would go wrong with a training before a minute is spent on it."""
    report = training.preflight(plan(dataset, preset, model, max_steps, None))
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
    dataset: Dataset = None,
    preset: Preset = "taste",
    model: BaseModel = None,
    name: Annotated[str | None, typer.Option(help="What to call the voice.")] = None,
    max_steps: Steps = None,
    quantisation: Quantised = "F16",
    as_json: AsJson = False,
) -> None:
    """Teach a voice: train, convert, verify, as jobs one after another."""
    spec = plan(dataset, preset, model, max_steps, name)
    done = follow(lambda: training.teach(spec, quantisation).chain, quiet=as_json)
    taught, verified = done[0].result or {}, (done[-1].result or {}) if done[1:] else {}
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
            **_agreement(verified),
            "Id": taught["adapter"],
        }
    )


def _agreement(verified: dict[str, Any]) -> dict[str, str]:
    """Nothing where the adapter was of a kind that is not converted."""
    if not verified:
        return {}
    return {"Same next word after conversion": f"{verified['top1_agreement']:.2%}"}


def convert(
    adapter: Annotated[
        str | None, typer.Argument(help="A voice, by id or name; the newest where none is named.")
    ] = None,
    quantisation: Quantised = "F16",
    as_json: AsJson = False,
) -> None:
    """Carry a voice and its base model to GGUF, and prove that nothing was lost."""
    record = choose.one_of(adapters.list_all(), adapter, "voice")
    base, voice, verified = (
        job.result or {}
        for job in follow(lambda: conversion.convert(record.id, quantisation), quiet=as_json)
    )
    facts = {"base": base["gguf"], "adapter": voice["gguf"], **verified}
    output.show_json(facts) if as_json else output.show_facts(facts)
