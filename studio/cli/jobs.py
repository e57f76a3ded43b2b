"""``jobs``: list, show, log, cancel and retry."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from studio.cli import choose, output
from studio.cli.output import AsJson
from studio.cli.progress import said
from studio.domain.jobs import Job, JobState
from studio.services import jobs

app = typer.Typer(help="The studio's jobs.", no_args_is_help=True)

Given = Annotated[str | None, typer.Argument(help="A job's id or its beginning; default: newest.")]


def _the(given: str | None) -> Job:
    return choose.one_of(jobs.list_jobs(), given, "job")


@app.command("list")
def list_jobs(
    state: Annotated[list[JobState] | None, typer.Option(help="Only jobs in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """The newest jobs first."""
    found = jobs.list_jobs(tuple(state or ()), limit=limit)
    if as_json:
        output.show_json({"jobs": found})
        return
    rows = [(job.id, job.title, said(job), _clock(job.created_at)) for job in found]
    output.show_table(("Id", "Job", "State", "Asked for"), rows)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")


@app.command()
def show(job: Given = None, as_json: AsJson = False) -> None:
    """All that is known of a job."""
    found = _the(job)
    if as_json:
        output.show_json(found)
        return
    facts = found.model_dump(mode="json", exclude={"spec", "failure", "result"}, exclude_none=True)
    output.show_facts({**facts, **(found.result or {})})
    if found.failure:
        output.show_facts(found.failure.model_dump(exclude={"detail"}))


@app.command()
def log(
    job: Given = None,
    limit: Annotated[int, typer.Option(min=1, help="How many lines.")] = 200,
    as_json: AsJson = False,
) -> None:
    """The last lines of a job's log."""
    lines = jobs.log(_the(job).id, limit)
    if as_json:
        output.show_json({"lines": lines})
        return
    for line in lines:
        output.out.print(f"{_clock(line['at'])} {line['level']:7} {line['text']}", markup=False)


@app.command()
def cancel(job: Given = None, as_json: AsJson = False) -> None:
    """Stop a job; what it has done is kept."""
    _tell(jobs.cancel(_the(job).id), as_json)


@app.command()
def retry(job: Given = None, as_json: AsJson = False) -> None:
    """Try a failed job again, or go on with a stopped one."""
    _tell(jobs.retry(_the(job).id), as_json)


def _tell(job: Job, as_json: bool) -> None:
    if as_json:
        output.show_json(job)
    else:
        output.out.print(f"{job.title}: {said(job)}", markup=False)
