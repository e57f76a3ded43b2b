"""From a file to a dataset: ``import`` and ``prepare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from studio.cli import choose, output, recipes
from studio.cli.output import AsJson
from studio.cli.progress import follow
from studio.cli.recipes import Kind, MayLeave, MostRequests, Writer, WriterModel
from studio.domain.jobs import Job
from studio.domain.recipes import FileRows, HubRows, RowsSpec
from studio.domain.records import ManuscriptRecord
from studio.paths import local_path
from studio.services import datasets, manuscripts
from studio.text.encoding import decode
from studio.text.filesets import FileSet


def import_manuscripts(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH…", help="Manuscripts: .docx, .epub, .txt, .zip, a folder …"),
    ] = None,
    sample: Annotated[
        str | None, typer.Option(help="Import a manuscript that ships with the studio instead.")
    ] = None,
    together: Annotated[
        bool,
        typer.Option(help="Make one manuscript of a folder or zip, or of several files."),
    ] = False,
    order: Annotated[
        Path | None,
        typer.Option(help="As --together, in the order of this file: a name of --list a line."),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Show in which order files would be read, and stop.")
    ] = False,
    footnotes: Annotated[bool, typer.Option(help="Keep foot- and endnotes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read manuscripts, understand their chapters, and keep them; as a job."""
    if bool(paths) == bool(sample):
        raise typer.BadParameter("Give files, or --sample with one of: " + _kinds() + ".")
    files = [manuscripts.found_at(local_path(path)) for path in paths or []]
    together = together or order is not None
    if together and len(files) > 1 and all(len(each.files) == 1 for each in files):
        files = [_joined(files, paths or [])]
    if order is not None:
        files = [manuscripts.reordered(_only(files), _order(order))]
    if list_:
        _list(files, as_json)
        return
    (done,) = follow(
        lambda: [
            manuscripts.bring_in_sample(sample)
            if sample
            else manuscripts.bring_in(files, together=together, footnotes=footnotes)
        ],
        quiet=as_json,
    )
    if as_json:
        output.show_json(_told(done))
        return
    for record in manuscripts.imported(done):
        _show(record)
    for note in manuscripts.notes(done):
        output.out.print(note, markup=False)
    for problem in manuscripts.refused(done):
        output.show_problem(problem, as_json=False)


def _joined(files: list[FileSet], paths: list[Path]) -> FileSet:
    """Several files as one set, called after what their names have in common, else their folder."""
    title = manuscripts.common_title([each.name for each in files])
    return manuscripts.joined(title or local_path(paths[0]).resolve().parent.name, files)


def _only(files: list[FileSet]) -> FileSet:
    if len(files) != 1:
        raise typer.BadParameter("An --order is for one folder, one zip, or several files.")
    return files[0]


def _order(path: Path) -> list[str]:
    """The names in a list of a list."""
    given = local_path(path)
    lines = decode(given.name, manuscripts.content(given)).text.splitlines()
    return [line.strip() for line in lines if line.strip()]


def _list(files: list[FileSet], as_json: bool) -> None:
    """One name a line, so that the list can be changed and given back as an order."""
    if as_json:
        output.show_json({"files": [name for each in files for name in each.names]})
        return
    for each in files:
        for name in each.names:
            typer.echo(name)
        for note in each.notes:
            output.err.print(note, markup=False)


def _told(done: Job) -> dict[str, Any]:
    """The manuscript where it is the only one; else all, and what was wrong with the others."""
    records, refused = manuscripts.imported(done), manuscripts.refused(done)
    notes = manuscripts.notes(done)
    if len(records) == 1 and not refused:
        return described(records[0]) | {"notes": [*notes, *records[0].notes]}
    return {
        "manuscripts": [described(record) for record in records],
        "refused": [str(problem) for problem in refused],
        "notes": notes,
    }


def _show(record: ManuscriptRecord) -> None:
    output.out.print(f"{record.title}  [{record.language}, {record.encoding}]", markup=False)
    numbered = enumerate(record.chapters, 1)
    output.show_table(
        ("", "Chapter", "Characters"), [(n, c.title, c.characters) for n, c in numbered]
    )
    for note in record.notes:
        output.out.print(note, markup=False)
    output.show_facts({"Words": record.words, "Characters": record.characters, "Id": record.id})


def _kinds() -> str:
    return ", ".join(sample.kind for sample in manuscripts.samples())


def described(record: ManuscriptRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "title": record.title,
        "language": record.language,
        "encoding": record.encoding,
        "chapters": [{"title": c.title, "characters": c.characters} for c in record.chapters],
        "words": record.words,
        "characters": record.characters,
        "notes": list(record.notes),
    }


def prepare(
    manuscript: Annotated[
        list[str] | None,
        typer.Argument(help="Manuscripts, by id or title; the newest where none is named."),
    ] = None,
    rows: Annotated[
        list[Path] | None,
        typer.Option(help="A table of examples instead: .json, .jsonl, .csv, .tsv, .parquet."),
    ] = None,
    hub: Annotated[str | None, typer.Option(help="A dataset on the Hub instead.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call the dataset.")] = None,
    builder: Annotated[Kind, typer.Option(help="What examples are made.")] = "continuation",
    passage_tokens: Annotated[
        int | None, typer.Option(min=32, max=8192, help="Length of a passage to learn.")
    ] = None,
    overlap_tokens: Annotated[
        int | None, typer.Option(min=0, help="How much a raw passage repeats of the one before.")
    ] = None,
    context_tokens: Annotated[
        int | None, typer.Option(min=16, max=8192, help="How much of what came before is shown.")
    ] = None,
    turns: Annotated[int | None, typer.Option(min=1, help="Passages of a conversation.")] = None,
    writer: Writer = None,
    writer_model: WriterModel = None,
    may_leave: MayLeave = False,
    most_requests: MostRequests = 500,
    model: Annotated[str | None, typer.Option(help="Base model: its name or folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make examples to learn from of manuscripts or of rows, as a job."""
    table = _rows(rows, hub)
    given: list[str | None] = [*manuscript] if manuscript else [] if table else [None]
    shelf = manuscripts.list_all() if given else []
    chosen = [choose.one_of(shelf, each, "manuscript").id for each in given]
    base = choose.base_model(model)
    endpoint = {"may_leave": may_leave, "most_requests": most_requests}
    local = choose.base_model(writer_model) if writer == "local" and writer_model else base
    options = {
        "passage_tokens": passage_tokens, "overlap_tokens": overlap_tokens,
        "context_tokens": context_tokens, "turns": turns,
        "writer": recipes.writer_of(writer, writer_model, local, endpoint),
    }  # fmt: skip
    recipe = recipes.builder_of(builder, options)
    spec = datasets.plan(chosen, name, recipe, table, model=base)
    (done,) = follow(lambda: [datasets.prepare(spec)], quiet=as_json)
    record = datasets.get((done.result or {})["dataset"])
    if as_json:
        output.show_json(record)
        return
    output.show_facts(
        {
            "Dataset": record.name,
            "Passages to learn": record.train,
            "Passages held out": record.validation,
            "Tokens": record.tokens,
            "Id": record.id,
        }
    )


def _rows(files: list[Path] | None, hub: str | None) -> RowsSpec | None:
    if hub:
        return HubRows(repository=hub)
    if not files:
        return None
    sets = [manuscripts.found_at(local_path(file)) for file in files]
    found = [(member.name, member.read()) for each in sets for member in each.files]
    return FileRows(artifact=datasets.upload(found))
