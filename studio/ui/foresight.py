"""What a lesson will take: reckoned, measured, and how good the reckoning has been here."""

from __future__ import annotations

import streamlit as st

from studio.domain.facts import Probe
from studio.domain.specs import TrainSpec
from studio.language import _, n_
from studio.services import estimates, probing, training
from studio.training import wording
from studio.ui import charts, live, problems, teaching, words
from studio.ui.words import plain


def changed(spec: TrainSpec) -> None:
    """A way back from the remedies that were chosen."""
    made = teaching.changes(spec)
    if not made:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        listed = ", ".join(f"{wording.label(name)}: {value}" for name, value in made.items())
        st.caption(_("Changed: {what}").format(what=plain(listed)))
        if st.button(_("Take it back"), key="preflight_back", icon=":material/undo:"):
            teaching.clear(spec)
            st.rerun()


def memory(spec: TrainSpec) -> None:
    """The parts of the memory that the lesson should take, beside what there is, and a button
    that measures it."""
    need = training.memory(spec)
    if need is None:
        return
    total, most = sum(need.parts.values()), next(iter(need.parts))
    st.write(
        _("It should take {total} of {there} of memory. Most of that is for **{most}**.").format(
            total=words.size(total), there=words.size(need.there), most=most
        )
    )
    charts.memory(need.parts, need.there, key="preflight_memory")
    measure(spec, need.probe, total)


def measure(spec: TrainSpec, probe: Probe | None, reckoned: int) -> None:
    """The probe of this lesson: offered, under way, or what it found."""
    job = probing.latest(spec)
    if probe:
        st.markdown(told(probe, reckoned))
    if job and not job.ended:
        live.follow(job)
        return
    if job and job.failure and not probe:
        problems.show(job.failure)
    if st.button(
        _("Measure it again") if probe else _("Measure it instead"),
        icon=":material/speed:",
        help=_(
            "Two real steps on your longest passages, where the lesson would run. It takes a few"
            " minutes with a large model, and nothing of it is kept."
        ),
    ):
        with problems.told():
            probing.start(spec)
            st.rerun()


def told(probe: Probe, reckoned: int) -> str:
    """What was measured, beside what had been reckoned."""
    taken = words.size(probe.peak_memory)
    if not probe.fits:
        return _("**Measured: it does not fit.** It had taken {taken} when it wanted more.").format(
            taken=taken
        )
    text = _("**Measured: {taken}**, where {reckoned} had been reckoned.").format(
        taken=taken, reckoned=words.size(reckoned)
    )
    if probe.seconds_a_step:
        text += " " + _("A step on the longest passages takes {time}.").format(
            time=_("{n:.1f} seconds").format(n=probe.seconds_a_step)
            if probe.seconds_a_step < 90
            else words.duration(probe.seconds_a_step)
        )
    if probe.tokens_a_second:
        text += " " + _("It reads {n} tokens a second.").format(
            n=words.count(probe.tokens_a_second)
        )
    return text


def record() -> None:
    """The estimates of finished lessons beside what those really took."""
    runs = estimates.memory_runs()[:SHOWN]
    found = estimates.summed(runs)
    if found is None:
        return
    with st.expander(_("How good the estimates have been here"), icon=":material/query_stats:"):
        sentence = n_(
            "Of {n} lesson, the memory reckoned was off by {error} in the middle.",
            "Of {n} lessons, the memory reckoned was off by {error} in the middle.",
            found.runs,
        ).format(n=found.runs, error=f"{found.typical_error:.0%}")
        low = (
            _("It was never too low.")
            if found.worst_under <= 0
            else _("At worst it was too low by {error}.").format(error=f"{found.worst_under:.0%}")
        )
        st.write(f"{sentence} {low}")
        charts.foreseen(list(reversed(runs)), key="preflight_record")
        st.dataframe(
            {
                _("Lesson"): [plain(run.title) for run in runs],
                _("Reckoned"): [words.size(run.foreseen) for run in runs],
                _("Taken"): [words.size(run.taken) for run in runs],
                _("Off by"): [f"{run.error:+.0%}" for run in runs],
                _("When"): [words.when(run.ended_at) for run in runs],
            },
            hide_index=True,
            key="preflight_record_table",
        )


SHOWN = 12
"""Lessons that are listed, the newest."""
