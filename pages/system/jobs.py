"""Jobs: everything the studio did, does and will do."""

import streamlit as st

from studio.domain.jobs import Job, JobState
from studio.language import _
from studio.services import jobs
from studio.ui import live, navigation, problems, words
from studio.ui.guard import guard

TAIL = 200


def kinds() -> dict[str, str]:
    return {
        "import": _("manuscript"),
        "prepare": _("dataset"),
        "revise": _("dataset"),
        "train": _("lesson"),
        "probe": _("measurement"),
        "measure": _("measurement"),
        "convert": _("conversion"),
        "register": _("proof"),
        "download": _("download"),
        "adopt": _("voice"),
        "publish": _("sending"),
        "merge": _("merge"),
        "write": _("page"),
    }


def table(found: list[Job]) -> str | None:
    """The jobs as a table; the id of the chosen one."""
    known = kinds()
    event = st.dataframe(
        {
            _("Job"): [job.title for job in found],
            _("Kind"): [known.get(job.kind, job.kind) for job in found],
            _("State"): [words.state(job) for job in found],
            _("Asked for"): [words.when(job.created_at) for job in found],
            _("Took"): [took(job) for job in found],
            _("Tries"): [job.attempt for job in found],
        },
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={_("State"): st.column_config.TextColumn(width="medium")},
        key="jobs_table",
    )
    rows = event.selection.rows
    return found[rows[0]].id if rows and rows[0] < len(found) else None


def took(job: Job) -> str:
    if job.started_at is None or job.ended_at is None:
        return ""
    return words.duration(job.ended_at - job.started_at)


def details(job_id: str) -> None:
    """One job, live: where it stands, what it wrote to its log, what can be done."""
    job = jobs.get(job_id)
    with live.passing():
        live.show(job, stop=True)
        if job.state in (JobState.FAILED, JobState.CANCELLED):
            label = _("Go on with it") if job.checkpoint else _("Try again")
            if st.button(label, type="primary", icon=":material/replay:", key="jobs_retry"):
                with problems.told():
                    jobs.retry(job.id)
                    st.rerun()
    log(job)
    with st.expander(_("What was asked for")):
        st.json(job.spec, expanded=False)
        if job.result:
            st.json(job.result, expanded=False)
        if job.failure and job.failure.detail:
            st.code(job.failure.detail, language=None)


def log(job: Job) -> None:
    lines = jobs.log(job.id, TAIL)
    if not lines:
        st.caption(_("It has written nothing to its log."))
        return
    text = "\n".join(
        f"{words.clock(line['at'])}  {line['level']:7}  {line['text']}" for line in lines
    )
    st.code(text, language=None, height=260)


def overview(limit: int) -> None:
    """The table, again every few seconds while something is alive."""
    found = jobs.list_jobs(limit=limit)
    chosen = table(found)
    if chosen != st.session_state.get("jobs_chosen"):
        st.session_state["jobs_chosen"] = chosen
        st.rerun()


guard()
st.title(_("Jobs"))
st.write(_("Work goes on when the browser is closed. Choose a line to see more or to stop it."))
if jobs.list_jobs(limit=1):
    alive = jobs.alive()
    live.live(overview, 200, every=2.0 if alive else None)
    chosen = st.session_state.get("jobs_chosen")
    if chosen:
        live.watch(details, jobs.get(chosen))
else:
    st.info(_("Nothing has been asked for yet."), icon=":material/pending_actions:")
    navigation.link("manuscripts", _("Begin with a manuscript"))
