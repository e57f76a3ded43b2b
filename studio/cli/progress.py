"""Following jobs in a terminal: one bar a job, with its rate and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from studio.cli.output import err
from studio.domain.jobs import Job, JobState
from studio.errors import StudioError
from studio.language import _
from studio.services import engine, jobs, runner

LOOK = 0.2
"""Seconds between two looks at the jobs."""


class Bars:
    """A progress bar for each job that is shown to it; silent where ``quiet``."""

    def __init__(self, quiet: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            console=err,
            disable=quiet,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, job: Job) -> None:
        if job.id not in self._tasks:
            self._tasks[job.id] = self._progress.add_task(job.title, total=None, state="")
        total = job.steps or (1 if job.ended else None)
        done = total if job.state is JobState.FINISHED else job.step
        task = self._tasks[job.id]
        self._progress.update(task, total=total, completed=done, state=said(job))
        if job.ended:
            self._progress.stop_task(task)


def said(job: Job) -> str:
    """Where a job stands, in a few words."""
    if job.state is JobState.QUEUED:
        if build := engine.awaited(job):
            return engine.standing(build)
        place = jobs.place_in_line(job.id)
        return _("{place} in line").format(place=place) if place else _("queued")
    if job.state is not JobState.RUNNING:
        return str(job.state)
    parts = [f"{job.step}/{job.steps}" if job.steps else str(job.step or "")]
    parts.append(f"{job.rate:.1f} {job.unit}/s" if job.rate else "")
    left = job.seconds_left
    parts.append(_("{seconds:.0f} s left").format(seconds=left) if left is not None else "")
    return " · ".join(filter(None, (*parts, job.note)))


def finished(job: Job) -> Job:
    """The job if it has done what it was asked to.

    Raises:
        StudioError: it failed (with its reason) or was stopped.
    """
    if job.failure:
        raise StudioError(job.failure.what, job.failure.why, job.failure.remedy)
    if job.state is not JobState.FINISHED:
        raise StudioError(
            _("{title} did not finish.").format(title=job.title),
            _("The job was stopped."),
            _("Resume it with: python -m studio jobs retry {id}").format(id=job.id),
        )
    return job


def follow(ask: Callable[[], Sequence[Job]], quiet: bool) -> list[Job]:
    """Start the studio's workers, ask for jobs, and wait until all have finished; one that
    fails ends the wait. Workers that end meanwhile are started again.

    Raises:
        StudioError: a job failed or was stopped, or waits for an engine that cannot be built.
    """
    with leaving_hint(), Bars(quiet) as bars:
        started = ask()
        while True:
            runner.ensure_running()
            now = [jobs.get(job.id) for job in started]
            for job in now:
                bars.show(job)
                engine.check(job)
            ended = [finished(job) for job in now if job.ended]
            if len(ended) == len(now):
                return now
            time.sleep(LOOK)


@contextmanager
def leaving_hint() -> Iterator[None]:
    """The studio's workers run meanwhile; Ctrl-C leaves the jobs where they are, and says so."""
    runner.ensure_running()
    try:
        yield
    except KeyboardInterrupt:
        err.print(_("Nothing is lost: the jobs go on when the studio runs again."))
        raise
