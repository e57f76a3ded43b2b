"""The voice as it grows: written on from the author's openings, beside the base model."""

from __future__ import annotations

import streamlit as st

from studio.domain.jobs import Job
from studio.domain.prompts import CONTINUE
from studio.language import _
from studio.services import datasets, training
from studio.ui import prose
from studio.ui.prose import Run


def samples(job: Job) -> None:
    """What the untaught model wrote, beside what it writes after a number of steps."""
    found = training.samples(job.id)
    steps = sorted({sample["step"] for sample in found})
    if not steps:
        return
    st.subheader(_("The voice, as it grows"))
    step = _step(job, steps[1:])
    now = {s["prompt"]: s["text"] for s in found if s["step"] == step}
    language = language_of(job)
    for number, sample in enumerate(s for s in found if s["step"] == steps[0]):
        key = f"{job.id}_{number}"
        with st.container(border=True, key=f"growth_{key}"):
            opening(sample["prompt"], language, key=f"growth_opening_{key}")
            left, right = st.columns(2, gap="large")
            with left:
                st.caption(_("Before the lesson"))
                prose.prose(sample["text"], language, key=f"growth_before_{key}")
            with right:
                after(step, now.get(sample["prompt"]), language, key=f"growth_now_{key}")


def _step(job: Job, later: list[int]) -> int | None:
    """After how many steps; the newest unless the writer looks back."""
    if len(later) < 2:
        return later[-1] if later else None
    chosen: int = st.select_slider(
        _("After how many steps"),
        later,
        value=later[-1],
        key=f"training_step_{job.id}_{len(later)}",
    )
    return chosen


def after(step: int | None, text: str | None, language: str, *, key: str) -> None:
    if step is None or text is None:
        st.caption(_("After the first steps its own attempt stands here."))
        return
    st.caption(_("**After {step} steps**").format(step=step))
    prose.prose(text, language, key=key, framed=True)


def opening(prompt: str, language: str, *, key: str) -> None:
    """What the author wrote, which every text goes on from."""
    st.caption(_("You wrote, and it goes on:"))
    prose.runs([Run(author(prompt), "given")], language, key=key)


def author(prompt: str) -> str:
    """The end of what the voice goes on from, without the request before it."""
    shown = prompt
    for request in CONTINUE.values():
        shown = shown.rpartition(request)[2]
    shown = shown.strip()
    return shown if shown != prompt.strip() else f"… {shown}"


def language_of(job: Job) -> str:
    """Of the dataset it learns from, also where that was deleted."""
    return datasets.language_of(job.spec["dataset"]) or "en"
