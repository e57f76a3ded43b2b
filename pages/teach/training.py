"""Training: start a lesson, watch the voice grow, stop and go on."""

import streamlit as st

from studio.domain.jobs import Job, JobState
from studio.domain.prompts import CONTINUE
from studio.language import _
from studio.services import datasets, jobs, training
from studio.ui import charts, live, navigation, problems, teaching, words
from studio.ui.choice import choice
from studio.ui.guard import guard
from studio.ui.prose import prose
from studio.ui.words import plain

EVERY = 2.0
OPENING = 110
NEW = "training_new"  # set while another lesson is being planned


def start_lesson() -> None:
    """Plan and start; a second click finds the first click's jobs."""
    spec = teaching.plan()
    if spec is None:
        return
    st.caption(
        _(
            "You may close the browser while it learns. "
            "When it is done, the voice is converted for the desk by itself."
        )
    )
    if st.button(_("Start the lesson"), type="primary", icon=":material/school:"):
        with problems.told():
            st.session_state["training_shown"] = training.teach(spec).train.id
            st.session_state.pop(NEW, None)
            st.rerun()
    navigation.link("preflight", _("See what preflight says first"))
    teaching.details(spec)


def follow(job_id: str) -> None:
    """State, chart and samples of a run; while it runs, again every two seconds."""
    job = jobs.get(job_id)
    if not job.ended:
        st.session_state["training_alive"] = job_id
    elif st.session_state.get("training_alive") == job_id:
        del st.session_state["training_alive"]
        st.rerun()
    live.show(job, stop=True)
    if job.state is JobState.RUNNING and job.device:
        st.caption(_("It learns on {device}.").format(device=words.device(job.device)))
    course(job)
    samples(job)


def course(job: Job) -> None:
    metrics = training.metrics(job.id)
    held_out = [m for m in metrics if m["name"] == "nll_per_character"]
    if len(held_out) > 1:
        st.markdown(sentence(held_out[0]["value"], min(m["value"] for m in held_out)))
    if len({m["step"] for m in metrics}) > 1:
        charts.loss(metrics, key=f"training_chart_{job.id}")
    elif not job.ended:
        st.caption(_("The curve begins with the first steps, in a minute or so."))


def sentence(before: float, after: float) -> str:
    """What the held-out figures mean."""
    share = (before - after) / before
    if share <= 0:
        return _("The chapters it has not read surprise it as much as before: {n:.3f}.").format(
            n=before
        )
    return _(
        "The chapters it has not read surprise it **{share:.0%} less** than before it learned "
        "({before:.3f} → {after:.3f} nats a character)."
    ).format(share=share, before=before, after=after)


def samples(job: Job) -> None:
    """What the untaught model wrote, beside what it writes now, from the same opening."""
    found = training.samples(job.id)
    steps = sorted({s["step"] for s in found})
    later = steps[1:]
    if not steps:
        return
    st.subheader(_("The voice, as it grows"))
    step = later[-1] if later else None
    if len(later) > 1:
        key = f"training_step_{job.id}_{len(later)}"
        step = st.select_slider(_("After how many steps"), later, value=later[-1], key=key)
    language = language_of(job)
    now = {s["prompt"]: s["text"] for s in found if s["step"] == step}
    for number, sample in enumerate(s for s in found if s["step"] == steps[0]):
        st.caption(_("It goes on from “…{opening}”").format(opening=opening(sample["prompt"])))
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown(_("**Before the lesson**"))
            prose(sample["text"], language, key=f"training_before_{job.id}_{number}")
        if sample["prompt"] in now:
            with right:
                st.markdown(_("**After {step} steps**").format(step=step))
                key = f"training_now_{job.id}_{number}"
                prose(now[sample["prompt"]], language, key=key, framed=True)


def opening(prompt: str) -> str:
    """The end of what the voice goes on from, without the instruction before it."""
    for instruction in CONTINUE.values():
        prompt = prompt.removeprefix(instruction).rpartition(instruction)[2]
    return plain(" ".join(prompt[-OPENING:].split()))


def language_of(job: Job) -> str:
    known = {dataset.id: dataset.language for dataset in datasets.list_all()}
    return known.get(job.spec["dataset"], "en")


def ended(job: Job) -> None:
    """What can be done with a run that has ended."""
    if job.state is JobState.FINISHED:
        result = job.result or {}
        st.success(
            _("It learned for {time}. The voice is on the shelf.").format(
                time=words.duration(result.get("seconds", 0))
            ),
            icon=":material/check_circle:",
        )
        navigation.link("adapters", _("See the voice"))
    elif st.button(_("Go on where it stopped"), type="primary", icon=":material/play_arrow:"):
        with problems.told():
            jobs.retry(job.id)
            st.rerun()


def past(runs: dict[str, Job]) -> None:
    """One of the lessons, the last one first, and the way to another."""
    names = {i: f"{r.title} · {words.when(r.created_at)}" for i, r in runs.items()}
    chosen = choice(_("Lesson"), names, "training_shown")
    job = runs[chosen]
    if job.ended:
        ended(job)
    live.live(follow, job.id, every=None if job.ended else EVERY)
    if st.button(_("Plan another lesson"), icon=":material/add:"):
        st.session_state[NEW] = True
        st.rerun()


guard()
st.title(_("Training"))
runs = {job.id: job for job in training.runs()}
if runs and not st.session_state.get(NEW):
    past(runs)
else:
    st.write(_("The model reads your passages again and again until it writes more like you."))
    start_lesson()
    if runs and st.button(_("Back to the lessons so far"), icon=":material/arrow_back:"):
        del st.session_state[NEW]
        st.rerun()
