"""``adapters``: list, show, merge, export, import, measure and push."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from studio.cli import choose, merging, output
from studio.cli.output import AsJson
from studio.cli.progress import follow
from studio.domain.base import Language
from studio.domain.jobs import Job
from studio.domain.records import AdapterRecord
from studio.language import _
from studio.paths import local_path
from studio.services import adapters, datasets, lineage, measuring, sharing
from studio.services.lineage import Lineage

app = typer.Typer(help="Voices: trained adapters.", no_args_is_help=True, rich_markup_mode=None)
app.command("merge")(merging.merge)

Given = Annotated[
    str | None, typer.Argument(help="A voice's id, its beginning, or name; default: newest.")
]
Samples = Annotated[bool, typer.Option("--samples", help="With what it wrote in its training.")]


def the(given: str | None) -> AdapterRecord:
    """The voice that a person means; an archived one only by its name or id."""
    found = adapters.list_all(archived=None if given else False)
    return choose.one_of(found, given, "voice")


@app.command("list")
def list_adapters(
    search: Annotated[str, typer.Option(help="Words in name, tags or note.")] = "",
    tag: Annotated[str | None, typer.Option(help="Only voices with this tag.")] = None,
    favourites: Annotated[bool, typer.Option("--favourites", help="Only favourites.")] = False,
    archived: Annotated[bool, typer.Option("--archived", help="Only what was put away.")] = False,
    as_json: AsJson = False,
) -> None:
    """The voices on the shelf, the newest first."""
    found = adapters.list_all(search, tag=tag, favourites=favourites, archived=archived)
    if as_json:
        output.show_json({"adapters": found})
        return
    columns = ("Id", "Voice", "Language", "Surprise before", "after", "Tags")
    output.show_table(columns, (_row(voice) for voice in found))


def _row(voice: AdapterRecord) -> tuple[object, ...]:
    name = f"* {voice.name}" if voice.favourite else voice.name
    figures = (_figure(voice.nll_before), _figure(voice.nll_after))
    return voice.id[:12], name, voice.language, *figures, ", ".join(voice.tags)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


@app.command()
def show(adapter: Given = None, as_json: AsJson = False) -> None:
    """Where a voice comes from: data, base model, spec, programs, figures, samples."""
    found = lineage.lineage(the(adapter).id)
    if as_json:
        output.show_json(found)
        return
    output.show_facts({name: value for name, value in _facts(found).items() if value})
    for each in found.samples:
        output.out.print(f"\n… {each.prompt}\n→ {each.last}", markup=False)


def _facts(found: Lineage) -> dict[str, object]:
    voice, told = found.voice, found.told
    dataset = found.dataset
    before, after = _figure(voice.nll_before), _figure(voice.nll_after)
    named = ""
    if dataset:
        named = f"{dataset.name}, version {found.dataset_version} ({dataset.id[:12]})"
    code = f"{told.studio.version} {told.studio.commit or ''}".strip()
    return {
        "Voice": voice.name,
        "Id": voice.id,
        "Language": voice.language,
        "Tags": ", ".join(voice.tags),
        "Note": voice.note,
        "Taught with": named or (_("elsewhere") if found.adopted else ""),
        "Made of": ", ".join(parent.name for parent in found.parents),
        "From": f"{told.source.repository} @ {told.source.revision}" if told.source else "",
        "Base model": f"{found.base} ({told.base.name} {told.base.revision or ''})".strip(),
        "Objective": told.objective,
        "Surprise a character, before": f"{before} nats" if before else "",
        "Surprise a character, after": f"{after} nats" if after else "",
        "Best step": voice.facts.get("best_step"),
        "Device": told.device,
        "Memory foreseen": _megabytes(found.foreseen_memory),
        "Memory taken": _megabytes(found.taken_memory),
        "Lorewright": code,
        "Libraries": ", ".join(f"{name} {v}" for name, v in told.libraries.items()),
    }


def _megabytes(amount: int | None) -> str:
    return f"{amount / 1e6:,.0f} MB" if amount else ""


@app.command()
def export(
    adapter: Annotated[str, typer.Argument(help="A voice: id or name.")],
    target: Annotated[Path, typer.Argument(help="A new folder, or a file that ends in .zip.")],
    samples: Samples = False,
    as_json: AsJson = False,
) -> None:
    """Write a voice as a folder that peft loads, without your texts, notes and paths."""
    voice = the(adapter)
    made = sharing.export_to(voice.id, local_path(target), samples)
    said: dict[str, Any] = {"adapter": voice.id, "path": str(made)}
    output.show_json(said) if as_json else output.show_facts(said)


@app.command("import")
def import_adapter(
    source: Annotated[
        str, typer.Argument(help="A folder or zip, or with --hub a repository's name.")
    ],
    hub: Annotated[bool, typer.Option("--hub", help="Fetch it from the Hub.")] = False,
    revision: Annotated[str, typer.Option(help="Its commit or branch on the Hub.")] = "main",
    name: Annotated[str | None, typer.Option(help="What to call the voice.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Base model: its name or folder; default: as it says.")
    ] = None,
    language: Annotated[
        Language | None, typer.Option(help="What it writes, where its lineage does not say.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring in a voice from elsewhere: an adapter in peft's form, safetensors only."""
    base = choose.base_model(model)

    def started() -> list[Job]:
        if hub:
            return [sharing.bring_in_from_hub(source, revision, name, base, language)]
        return [sharing.bring_in(local_path(source), name, base, language)]

    (done,) = follow(started, quiet=as_json)
    voice = adapters.get((done.result or {})["adapter"])
    said: dict[str, Any] = {"adapter": voice.id, "name": voice.name, "language": voice.language}
    output.show_json(said) if as_json else output.show_facts(said)


@app.command()
def measure(
    adapter: Given = None,
    dataset: Annotated[
        str | None, typer.Option(help="Whose held-out passages; default: newest in its language.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a voice from elsewhere on what a dataset holds out; the figures stay with it."""
    voice = the(adapter)
    found = measuring.suited(voice) if dataset is None else datasets.list_all()
    on = choose.one_of(found, dataset, "dataset")
    (done,) = follow(lambda: [measuring.measure(voice.id, on.id)], quiet=as_json)
    said: dict[str, Any] = {"adapter": voice.id, "dataset": on.id, **(done.result or {})}
    output.show_json(said) if as_json else output.show_facts(said)


@app.command()
def push(
    adapter: Annotated[str, typer.Argument(help="A voice: id or name.")],
    repository: Annotated[str, typer.Argument(help="Where to, as owner/name.")],
    public: Annotated[bool, typer.Option("--public", help="Let everyone read it.")] = False,
    samples: Samples = False,
    as_json: AsJson = False,
) -> None:
    """Put a voice on the Hub, private unless you say otherwise, with a model card."""
    voice = the(adapter)
    (done,) = follow(
        lambda: [sharing.push(voice.id, repository, private=not public, samples=samples)],
        quiet=as_json,
    )
    said: dict[str, Any] = {"adapter": voice.id, **(done.result or {})}
    output.show_json(said) if as_json else output.show_facts(said)
