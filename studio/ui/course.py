"""How a lesson goes: its curve, and what its figures mean in sentences."""

from __future__ import annotations

import streamlit as st

from studio.domain.jobs import Job
from studio.language import _
from studio.services import curves, runs
from studio.services.curves import Axis, Curve
from studio.services.runs import Figures
from studio.ui import charts, words
from studio.ui.charts import Line

REDRAWN = 400
"""How often the curve of a long run is read again while it grows."""


@st.cache_data(ttl=3600, max_entries=256, show_spinner=False)
def _read(job_id: str, name: str, axis: Axis, state: tuple[object, ...]) -> Curve:
    return curves.curve(job_id, name, axis)


def curve(job: Job, name: str, axis: Axis = "step") -> Curve:
    """One measure of a run, read again when there is enough more of it."""
    every = max(1, (job.steps or 1) // REDRAWN)
    return _read(job.id, name, axis, (job.attempt, job.ended_at, job.step // every))


def chart(job: Job) -> bool:
    """The curves of one run; False where it has hardly begun to learn."""
    learned, held_out = curve(job, "loss"), curve(job, "eval_loss")
    if learned.measured < 2:  # one point is no curve
        return False
    found = [Line(_("On the text it learns"), learned, 1, faint=True)]
    if held_out.measured:
        found.append(Line(_("On chapters it has not read"), held_out, 0))
    margin = curve(job, "margin")
    if margin.measured < 2:
        charts.lines(found, _("Step"), _("Surprise, nats a token"), key=f"training_chart_{job.id}")
        return True
    surprise, preference = st.tabs([_("Surprise"), _("Preference")])
    with surprise:
        charts.lines(found, _("Step"), _("Surprise, nats a token"), key=f"training_chart_{job.id}")
    with preference:
        st.caption(
            _("By how much your passages are likelier to it than the model's own attempts, on "
              "pairs it has not seen. Above nothing it prefers yours.")
        )  # fmt: skip
        charts.lines(
            [Line(_("Your text over the other"), margin)],
            _("Step"),
            _("Distance, nats a token"),
            key=f"training_margin_{job.id}",
        )
    return True


def learned(found: Figures) -> str:
    """What the held-out figures mean; empty where there is only one measure."""
    share = found.less_surprise
    if share is None or found.before is None or found.after is None:
        return ""
    if share <= 0:
        return _("The chapters it has not read surprise it as much as before: {n:.3f}.").format(
            n=found.before
        )
    text = _(
        "The chapters it has not read surprise it **{share:.0%} less** than before it learned "
        "({before:.3f} → {after:.3f} nats a character)."
    ).format(share=share, before=found.before, after=found.after)
    if found.perplexity_before and found.perplexity_after:
        text += " " + _(
            "At every token it now hesitates between about {after:,.0f} that could follow; "
            "before, between {before:,.0f} (perplexity)."
        ).format(before=found.perplexity_before, after=found.perplexity_after)
    return text


def account(job: Job) -> list[str]:
    """Where its tokens went, and how good the estimate of its memory was."""
    result, found = job.result or {}, runs.figures(job)
    said = []
    if {"tokens", "train_tokens", "dropped_tokens"} <= set(result):
        said.append(
            _("It read {tokens} tokens in {steps} steps. One reading has {once}, of which "
              "{learned} are yours to learn; the rest is what comes before them.").format(
                tokens=words.count(result["tokens"]),
                steps=words.count(result["steps"]),
                once=words.count(result["train_tokens"]),
                learned=words.count(result["learned_tokens"]),
            )
        )  # fmt: skip
        dropped = result["dropped_tokens"]
        said.append(
            _("{n} tokens did not fit and were not read.").format(n=words.count(dropped))
            if dropped
            else _("No token was lost.")
        )
    if found.peak_memory:
        said.append(_memory(found.peak_memory, found.foreseen_memory))
    return said


def _memory(taken: int, foreseen: int | None) -> str:
    if not foreseen:
        return _("It took {taken} of memory at its most.").format(taken=words.size(taken))
    return _(
        "It took {taken} of memory at its most; {foreseen} had been foreseen ({error:+.0%})."
    ).format(taken=words.size(taken), foreseen=words.size(foreseen), error=foreseen / taken - 1)
