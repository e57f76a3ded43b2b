"""Parts of a page that come, change and go while it is looked at."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from studio.domain.jobs import Job, JobState
from studio.language import _
from studio.services import jobs
from studio.ui import problems, words
from studio.ui.guard import speak

EVERY = 1.0
"""Seconds between two looks at a job."""


def passing() -> DeltaGenerator:
    """A place for what is on a page now and then, there even while it is empty.

    A browser knows tabs, folds and forms by how many things come before them. Without this, a
    line that comes or goes above would have it draw them anew: folded, on their first tab, and
    without what was being typed into them.
    """
    return st.container()


def live(
    part: Callable[..., None],
    *given: object,
    every: float | None = EVERY,
    over: Callable[[], bool] | None = None,
    alive: bool = False,
) -> None:
    """Show a part of the page that runs again by itself every few seconds (None: never), in its own
    place. The whole page runs again once what the part follows is ``over``, if the page was
    drawn, or the part has since been seen, while that was ``alive``."""

    @st.fragment(run_every=every)
    def shown() -> None:
        nonlocal alive
        speak()
        with problems.told():
            part(*given)
        if over is None:
            return
        # Never while the page is being drawn: it may be drawn for a click on what comes further
        # down, and what would run then knows of no click.
        is_over = over()
        if alive and is_over and _runs_by_itself():
            st.rerun()
        alive = alive or not is_over

    shown()


def _runs_by_itself() -> bool:
    """Whether a part of the page runs again, and not the page with all its parts."""
    context = get_script_run_ctx()
    return bool(context and context.fragment_ids_this_run)


def ended(job_id: str) -> bool:
    """Whether a job has ended, in whatever way."""
    return jobs.get(job_id).ended


def watch(part: Callable[..., None], job: Job, *given: object, every: float = EVERY) -> None:
    """Show a part about a job (its id comes first), live until the job ends; then the whole page,
    which was drawn with the job as it is given, runs again."""
    alive = not job.ended
    pace = every if alive else None
    live(part, job.id, *given, every=pace, over=lambda: ended(job.id), alive=alive)


def follow(job: Job, *, stop: bool = True) -> None:
    """The state of a job, live until it ends."""
    watch(_followed, job, stop)


def follow_all(*kinds: str) -> None:
    """The living jobs of these kinds, each live until it ends."""
    for job in jobs.alive(*kinds):
        follow(job)


def _followed(job_id: str, stop: bool) -> None:
    show(jobs.get(job_id), stop=stop)


def show(job: Job, *, stop: bool = False) -> None:
    """One job: its title, where it is, and a button to stop it."""
    text, button = st.columns([5, 1], vertical_alignment="center")
    with text:
        standing(job)
    if stop and not job.ended:
        with button:
            if st.button(
                _("Stop"),
                key=f"live_stop_{job.id}",
                icon=":material/stop:",
                disabled=job.cancel_requested,
                width="stretch",
            ):
                jobs.cancel(job.id)
                st.rerun(scope="fragment")
    if job.failure:
        problems.show(job.failure)


def standing(job: Job) -> None:
    """The job in a line, with a bar while it runs."""
    title = words.plain(job.title)
    if job.state is JobState.RUNNING and not job.cancel_requested:
        st.progress(_share(job), text=f"**{title}** · {words.plain(words.progress(job))}")
        return
    ahead = max(0, jobs.place_in_line(job.id) - 1)
    st.markdown(f"**{title}** · {words.state(job, ahead)}")


def _share(job: Job) -> float:
    return min(1.0, job.step / job.steps) if job.steps else 0.0
