"""Writing without a browser: ``write`` a page, or ``demo`` the whole way."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from studio.cli import choose, output
from studio.cli.output import AsJson
from studio.cli.progress import Bars, finished, leaving_hint
from studio.domain.base import Language
from studio.domain.jobs import Job
from studio.domain.records import StoryRecord
from studio.domain.writing import Sampling
from studio.services import demo as whole_way
from studio.services import jobs, manuscripts, stories, writing


def write(
    story: Annotated[
        str | None, typer.Argument(help="A story, by id or title; the last touched by default.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Begin a new story with this text (- for standard input).")
    ] = None,
    language: Annotated[Language, typer.Option(help="Language of a new story.")] = "en",
    voice: Annotated[str | None, typer.Option(help="A voice, by id or name.")] = None,
    max_tokens: Annotated[int, typer.Option(min=1, max=8192, help="How much to write.")] = 256,
    temperature: Annotated[float, typer.Option(min=0, max=5, help="0 is the most likely.")] = 0.8,
    seed: Annotated[int | None, typer.Option(help="Write the same page again.")] = None,
    keep: Annotated[bool, typer.Option(help="Put the page at the end of the story.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write on from where a story stands, in a voice, streamed to the terminal."""
    chosen = begin(file, language) if file else choose.one_of(stories.list_all(), story, "story")
    speaker = choose.one_of(writing.voices(), voice, "voice")
    sampling = Sampling(temperature=temperature, seed=seed)
    with leaving_hint():
        job = writing.continue_page(chosen.id, speaker.id, max_tokens, sampling)
        done = finished(streamed(job, quiet=as_json))
    if keep:
        writing.accept(done.id)
    if as_json:
        output.show_json({"story": chosen.id, "job_id": done.id, **(done.result or {})})


def begin(file: Path, language: Language) -> StoryRecord:
    """A new story with the text of a file."""
    data = sys.stdin.buffer.read() if str(file) == "-" else manuscripts.content(file)
    title = "" if str(file) == "-" else file.stem
    return stories.create(title, language, data.decode("utf-8", errors="replace"))


def streamed(job: Job, quiet: bool) -> Job:
    """The job once it has ended; its text is shown as it comes."""
    for text in jobs.follow(job.id):
        if not quiet:
            typer.echo(text, nl=False)
    if not quiet:
        typer.echo()
    return jobs.wait(job.id)


def demo(
    manuscript: Annotated[Path | None, typer.Option(help="Default: the English sample.")] = None,
    model: Annotated[Path | None, typer.Option(help="Default: the starter model.")] = None,
    as_json: AsJson = False,
) -> None:
    """Walk the whole way from a manuscript to a page, as real jobs, and print the figures."""
    with leaving_hint(), Bars(quiet=as_json) as bars:
        figures = whole_way.run(manuscript, model, bars.show)
    if as_json:
        output.show_json(figures)
        return
    for name, value in figures.items():
        facts: dict[str, Any] = value if isinstance(value, dict) else {"": value}
        output.out.print(name, style="bold")
        output.show_facts(facts)
