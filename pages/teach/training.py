"""Training: start a lesson, watch the voice grow, stop and go on."""

import re

import streamlit as st

from studio.domain.jobs import Job, JobState
from studio.domain.specs import TrainSpec
from studio.language import _
from studio.services import devices, jobs, lessons, runs, training
from studio.ui import again, course, growth, live, navigation, problems, teaching, words
from studio.ui.choice import choice
from studio.ui.guard import guard
from studio.ui.words import plain

EVERY = 2.0
NEW = "training_new"  # set while another lesson is being planned
NARROW = 400  # pixels of what opens beside a button: a line of text would widen it over the page


def start_lesson() -> None:
    """Plan and start; a second click finds the first click's jobs."""
    with live.passing():
        spec = teaching.plan()
    if spec is None:
        return
    spec = teaching.named(spec)
    st.caption(
        _(
            "You may close the browser while it learns. "
            "When it is done, the voice is converted for the desk by itself."
        )
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        begun = st.button(_("Start the lesson"), type="primary", icon=":material/school:")
        sweep(spec)
        navigation.link("preflight", _("See what preflight says first"))
    with live.passing(), problems.told():
        if begun:
            watch(training.teach(spec).train)
    teaching.details(spec)


def watch(job: Job) -> None:
    """Turn from planning to this lesson."""
    st.session_state["training_shown"] = job.id
    st.session_state.pop(NEW, None)
    st.rerun()


def sweep(spec: TrainSpec) -> None:
    """Several short lessons that differ in one number, to find out which is best."""
    names = teaching.numbers(spec)
    with st.popover(_("Try several values"), icon=":material/science:"), st.container(width=NARROW):
        st.caption(
            _("One lesson after another, each with another value; then compare them. "
              "Which of them is worth writing with, you decide.")
        )  # fmt: skip
        field = st.selectbox(_("What differs"), list(names), format_func=names.__getitem__)
        typed = st.text_input(_("Values, with spaces between"), placeholder=around(spec, field))
        if st.button(_("Try them")):
            with problems.told():
                watch(lessons.sweep(spec, {field: re.split(r"[,，\s]+", typed.strip(" ,，"))})[0])


def around(spec: TrainSpec, field: str) -> str:
    """Half of what a setting is now, that, and twice as much, as an example of what to try."""
    now = teaching.value(spec, field)
    return " ".join(f"{now * share:g}" for share in (0.5, 1, 2)) if now else ""


def follow(job_id: str) -> None:
    """State, chart and samples of a run; while it runs, again every two seconds."""
    job = jobs.get(job_id)
    with live.passing():
        if not job.ended:
            live.show(job, stop=True)
        if job.state is JobState.RUNNING and job.device:
            st.caption(_("It learns on {device}.").format(device=words.device(job.device)))
    if not course.chart(job) and not job.ended:
        st.caption(_("The curve begins with the first steps, in a minute or so."))
    st.markdown(course.learned(runs.figures(job)))
    growth.samples(job)
    if said := course.account(job):
        st.subheader(_("What it took"))
        st.markdown(" ".join(plain(sentence) for sentence in said))


def tried(job: Job) -> list[Job]:
    """The lessons of the sweep that this one belongs to; none where it stands alone."""
    return lessons.swept(job.spec.get("sweep") or "")


def kinship(job: Job) -> str:
    """How a lesson belongs to others; empty where it stands alone."""
    if found := tried(job):
        return _(
            "One of {n} lessons, one after another, that each try another value; {done} of them "
            "have ended. Compare them when all have; the one you like can then be converted."
        ).format(n=len(found), done=sum(each.ended for each in found))
    return _("It goes on from where another lesson ended.") if job.spec.get("extends") else ""


def ended(job: Job) -> None:
    """How a run ended, and the one thing to do next."""
    if job.state is JobState.FINISHED:
        result = job.result or {}
        st.success(
            _("It learned for {time}. The voice is on the shelf.").format(
                time=words.duration(result.get("seconds", 0))
            ),
            icon=":material/check_circle:",
        )
        navigation.link("adapters", _("See the voice"))
        return
    with problems.told():
        if spec := lessons.smaller(job.id) or lessons.mended(job.id):
            remedied(job, spec)
        elif st.button(_("Go on where it stopped"), type="primary", icon=":material/play_arrow:"):
            runs.resume(job.id)
            st.rerun()


def remedied(job: Job, spec: TrainSpec) -> None:
    """What would let a lesson that failed succeed, and the button that does it."""
    st.info(
        _("With this it should succeed: {changes}.").format(
            changes=words.plain("; ".join(runs.changes(runs.spec_of(job), spec)))
        ),
        icon=":material/lightbulb:",
    )
    if st.button(_("Try it so"), type="primary", icon=":material/play_arrow:"):
        watch(lessons.again(job.id, spec))


def learn_on(job: Job) -> None:
    """Ask for how long a finished lesson shall go on, and extend it."""
    with st.popover(_("Let it learn on"), icon=":material/more_time:"), st.container(width=NARROW):
        st.caption(_("It begins where this lesson ended; the voice so far stays as it is."))
        done = max(1, int((job.result or {}).get("steps", job.step)))
        more = st.number_input(_("For how many more steps"), 1, None, done)
        if st.button(_("Learn on")):
            with problems.told():
                watch(lessons.extend(job.id, steps=more))


def further(job: Job) -> None:
    """What else can be done with a run."""
    with st.container(horizontal=True):
        if job.state is JobState.FINISHED:
            learn_on(job)
        if st.button(_("Plan another lesson"), icon=":material/add:"):
            teaching.begin_with(teaching.SUGGESTED)
            plan_another()
        if st.button(_("Plan another like this one"), icon=":material/content_copy:"):
            teaching.begin_with(job.id, run=True)
            plan_another()
        if len(training.runs()) > 1 and st.button(
            _("Compare lessons"), icon=":material/compare_arrows:"
        ):
            st.session_state["compare_chosen"] = [each.id for each in tried(job) or [job]]
            st.switch_page(navigation.page("compare"))


def plan_another() -> None:
    st.session_state[NEW] = True
    st.rerun()


def past(found: dict[str, Job]) -> None:
    """One of the lessons, the last one first, and the way to another."""
    names = {i: f"{r.title} · {words.when(r.created_at)}" for i, r in found.items()}
    chosen = choice(_("Lesson"), names, "training_shown")
    job = found[chosen]
    with live.passing():
        if said := kinship(job):
            st.caption(said)
        if job.ended:
            live.show(job)
            ended(job)
    live.watch(follow, job, every=EVERY)
    further(job)


guard()
again.keep(NEW)
devices.expect("train")
st.title(_("Training"))
taught = {job.id: job for job in training.runs()}
if taught and not st.session_state.get(NEW):
    past(taught)
else:
    st.write(_("The model reads your passages again and again until it writes more like you."))
    start_lesson()
    if taught and st.button(_("Back to the lessons so far"), icon=":material/arrow_back:"):
        del st.session_state[NEW]
        st.rerun()
