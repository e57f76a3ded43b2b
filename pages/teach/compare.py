"""Compare: lessons beside each other, by curve, figures, settings and what they write."""

import streamlit as st

from studio.domain.jobs import Job
from studio.language import _
from studio.services import runs, training
from studio.services.curves import Axis
from studio.ui import charts, comparing, course, growth, navigation, prose, words
from studio.ui.charts import Line
from studio.ui.guard import guard

MOST = 6
CHOSEN = "compare_chosen"


def chosen(found: dict[str, Job]) -> list[Job]:
    """Two to six lessons; those that the address or another page names, else the last two."""
    names = comparing.names(list(found.values()))
    if "compare_pick" not in st.session_state:
        asked = st.query_params.get("runs", "").split(",")
        wanted = [job_id for job_id in st.session_state.pop(CHOSEN, asked) if job_id in found]
        st.session_state["compare_pick"] = comparing.beside(wanted, found)[:MOST]
    picked = st.multiselect(
        _("Lessons"),
        list(found),
        format_func=names.__getitem__,
        max_selections=MOST,
        key="compare_pick",
        placeholder=_("Choose two to six"),
    )
    st.query_params["runs"] = ",".join(picked)
    return [found[job_id] for job_id in picked]


def curves(jobs: list[Job], names: list[str]) -> None:
    """The same measure of all lessons, in one chart."""
    measures, axes = comparing.measures(jobs), comparing.axes()
    left, right = st.columns([3, 2])
    measure = left.radio(
        _("Curve"), list(measures), format_func=measures.__getitem__, horizontal=True,
        key="compare_measure",
    )  # fmt: skip
    axis: Axis = right.radio(
        _("Along"), list(axes), format_func=lambda a: axes[a][0], horizontal=True,
        key="compare_axis",
    )  # fmt: skip
    found = [
        Line(name, course.curve(job, measure, axis), number)
        for number, (job, name) in enumerate(zip(jobs, names, strict=True))
    ]
    drawn = [line for line in found if line.curve.measured]
    if drawn:
        charts.lines(drawn, axes[axis][1], measures[measure], key="compare_chart")
    else:
        st.caption(_("None of them has measured this yet."))


def samples(jobs: list[Job], names: list[str]) -> None:
    """What each wrote on from the same opening."""
    written = runs.samples(jobs)
    found = [each for each in written if len(each.texts) > 1]
    if not found:
        several = len({job_id for each in written for job_id in each.texts}) > 1
        st.caption(
            _("They wrote on from different openings, so that there is nothing to compare.")
            if several
            else _("As soon as two of them have written something, it stands here.")
        )
        return
    for number, each in enumerate(found):
        language = growth.language_of(jobs[0])
        with st.container(border=True, key=f"compare_sample_{number}"):
            growth.opening(each.prompt, language, key=f"compare_opening_{number}")
            texts = [(_("The base model"), each.base, False)]
            texts += [
                (name, each.texts[job.id], True)
                for job, name in zip(jobs, names, strict=True)
                if job.id in each.texts
            ]
            for row in range(0, len(texts), 3):
                places = st.columns(min(3, len(texts)), gap="large")
                for place, (name, text, framed) in zip(places, texts[row : row + 3], strict=False):
                    with place:
                        st.caption(f"**{words.plain(name)}**")
                        key = f"compare_text_{number}_{row}_{name}"
                        prose.prose(text, language, key=key, framed=framed)


guard()
st.title(_("Compare"))
lessons = {job.id: job for job in training.runs()}
if len(lessons) < 2:
    st.info(
        _("There is only one lesson so far.") if lessons else _("There are no lessons yet."),
        icon=":material/compare_arrows:",
    )
    navigation.link("training", _("Teach a voice"))
    st.stop()
st.write(_("Which lesson brought the voice closer? Lay them beside each other."))
picked = chosen(lessons)
if len(picked) < 2:
    st.info(_("Choose one more lesson to compare."), icon=":material/add:")
    st.stop()
labels = list(comparing.names(picked).values())
st.subheader(comparing.verdict(picked, labels))
curves(picked, labels)
st.subheader(_("The same opening, in each voice"))
samples(picked, labels)
st.subheader(_("Figures"))
st.dataframe(comparing.figures(picked, labels), hide_index=True, height="content")
st.subheader(_("What was different"))
every = st.toggle(_("Show the settings that are alike, too"), key="compare_all")
table = comparing.settings(picked, labels, every=every)
if table:
    st.dataframe(table, hide_index=True, height="content")
else:
    st.caption(_("Nothing: they were asked to do the same."))
