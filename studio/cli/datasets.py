"""``dataset``: list, show, diff, export and generate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from studio.cli import choose, output, recipes
from studio.cli.output import AsJson
from studio.cli.progress import follow
from studio.cli.recipes import MayLeave, MostCost, MostRequests, Price, Writer, WriterModel
from studio.domain.base import Language
from studio.domain.exports import Form, Shape
from studio.domain.recipes import SyntheticSpec
from studio.domain.records import DatasetRecord
from studio.paths import local_path
from studio.services import datasets, generation, revisions
from studio.services.revisions import Compared

app = typer.Typer(help="Datasets and their versions.", no_args_is_help=True)

Given = Annotated[
    str | None, typer.Argument(help="A dataset's id, its beginning, or name; default: newest.")
]


def the(given: str | None) -> DatasetRecord:
    """The dataset that a person means."""
    return choose.one_of(datasets.list_all(), given, "dataset")


@app.command("list")
def list_datasets(as_json: AsJson = False) -> None:
    """All datasets, the newest first."""
    found = datasets.list_all()
    if as_json:
        output.show_json({"datasets": found})
        return
    rows = [(r.id[:12], r.name, r.language, r.train, r.validation, r.tokens) for r in found]
    output.show_table(("Id", "Dataset", "Language", "To learn", "Held out", "Tokens"), rows)


@app.command()
def show(dataset: Given = None, as_json: AsJson = False) -> None:
    """What a dataset amounts to, what that means, and its versions."""
    record = the(dataset)
    line, advice = revisions.versions(record.id), datasets.advice(record.id)
    if as_json:
        known = [{"id": v.record.id, "excluded": v.excluded, "edited": v.edited} for v in line]
        output.show_json({**record.model_dump(mode="json"), "advice": advice, "versions": known})
        return
    output.show_facts({"Dataset": record.name, "Id": record.id, **revisions.figures(record)})
    for sentence in advice:
        output.out.print(sentence, markup=False)
    if len(line) > 1:
        rows = [(v.record.id[:12], v.record.name, v.excluded, v.edited) for v in line]
        output.show_table(("Version", "Name", "Left out", "Changed"), rows)


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="A dataset: id or name.")],
    b: Annotated[
        str | None, typer.Argument(help="Another; default: what the first is a version of.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What two datasets have and the other has not."""
    one = the(a)
    if b is None and one.parent:
        one, other = datasets.get(one.parent), one
    else:
        other = the(b)
    found = revisions.compare(one.id, other.id)
    if as_json:
        output.show_json(
            {
                "a": one.id,
                "b": other.id,
                "figures": {name: [x, y] for name, x, y in found.figures},
                **_examples(found),
            }
        )
        return
    output.show_table(("", one.name, other.name), found.figures)
    output.show_facts(
        {
            "The same in both": found.examples.same,
            "Only in the first": len(found.examples.only_in_a),
            "Only in the second": len(found.examples.only_in_b),
            "Changed": len(found.examples.changed),
            "On the other side of the split": len(found.examples.moved),
        }
    )


@app.command()
def export(
    dataset: Annotated[str, typer.Argument(help="A dataset: id or name.")],
    file: Annotated[Path, typer.Argument(help="Where to write: .jsonl, .csv or .parquet.")],
    shape: Annotated[Shape, typer.Option(help="What a row is.")] = "messages",
    split: Annotated[
        Literal["train", "validation"] | None, typer.Option(help="One part alone.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a dataset as a table for other programs."""
    target = local_path(file)
    form = target.suffix.removeprefix(".").lower()
    if form not in get_args(Form):
        raise typer.BadParameter("The file must end in .jsonl, .csv or .parquet.")
    record = the(dataset)
    rows = datasets.export_to(record.id, target, form, shape, split)  # type: ignore[arg-type]
    said = {"file": str(target), "rows": rows}
    output.show_json(said) if as_json else output.show_facts(said)


def _examples(compared: Compared) -> dict[str, Any]:
    examples = compared.examples
    return {
        "same": examples.same,
        "only_in_a": examples.only_in_a,
        "only_in_b": examples.only_in_b,
        "changed": [{"before": c.before, "after": c.after} for c in examples.changed],
        "moved": [c.after.id for c in examples.moved],
    }


@app.command()
def generate(
    topic: Annotated[list[str], typer.Argument(help="What to write about, or who speaks.")],
    writer: Writer = "local",
    writer_model: WriterModel = None,
    may_leave: MayLeave = False,
    form: Annotated[
        Literal["instruction", "dialogue", "character"], typer.Option(help="What is made up.")
    ] = "instruction",
    count: Annotated[int, typer.Option(min=1, help="Examples to ask for.")] = 50,
    language: Annotated[Language, typer.Option(help="en or zh.")] = "en",
    tokens: Annotated[int, typer.Option(min=16, max=4096, help="Most of one example.")] = 300,
    unjudged: Annotated[bool, typer.Option("--unjudged", help="Keep all, grade none.")] = False,
    least_grade: Annotated[int, typer.Option(min=1, max=5, help="Grade that is kept.")] = 4,
    most_requests: MostRequests = 500,
    most_cost: MostCost = None,
    price_in: Price = 0.0,
    price_out: Price = 0.0,
    name: Annotated[str | None, typer.Option(help="What to call the dataset.")] = None,
    model: Annotated[str | None, typer.Option(help="Base model: its name or folder.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Begin without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have examples about topics made up. With --json and without --yes: the estimate alone."""
    base = choose.base_model(model)
    endpoint = {
        "may_leave": may_leave, "most_requests": most_requests, "most_cost": most_cost or None,
        "price_in": price_in, "price_out": price_out,
    }  # fmt: skip
    local = choose.base_model(writer_model) if writer == "local" else base
    spec = SyntheticSpec.model_validate(
        {
            "form": form, "topics": topic, "count": count, "language": language,
            "tokens": tokens, "judged": not unjudged, "least_grade": least_grade,
            "writer": recipes.writer_of(writer, writer_model, local, endpoint),
        }
    )  # fmt: skip
    if _agreed(spec, yes, as_json):
        _make(spec, name, model, as_json)


def _agreed(spec: SyntheticSpec, yes: bool, as_json: bool) -> bool:
    found = generation.estimate(spec)
    if as_json:
        if not yes:
            output.show_json({"estimate": found.model_dump()})
        return yes
    recipes.show_estimate(found)
    return yes or typer.confirm("Begin?")


def _make(spec: SyntheticSpec, name: str | None, model: str | None, as_json: bool) -> None:
    base = choose.base_model(model)
    recipe = datasets.plan([], name, spec, model=base)
    (done,) = follow(lambda: [datasets.prepare(recipe)], quiet=as_json)
    result = done.result or {}
    record = datasets.get(result["dataset"])
    if as_json:
        output.show_json({**record.model_dump(mode="json"), "asked": result["asked"]})
        return
    output.show_facts(
        {
            "Dataset": record.name,
            "Examples to learn": record.train,
            "Examples held out": record.validation,
            "Requests": result["asked"]["requests"],
            "Id": record.id,
        }
    )
