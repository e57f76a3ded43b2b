"""Manuscripts: bring them in, see how they were understood, decide what belongs to them."""

import streamlit as st

from studio.domain.jobs import Job
from studio.domain.manuscripts import Decisions, Manuscript, Removal
from studio.domain.records import ManuscriptRecord
from studio.language import _, n_
from studio.services import jobs, manuscripts
from studio.ui import again, cleaning, live, navigation, problems, undo, uploading, words
from studio.ui.choice import choice
from studio.ui.guard import guard
from studio.ui.outline import outline
from studio.ui.prose import prose
from studio.ui.uploads import uploads
from studio.ui.words import plain

AHEAD = 6000
"""Characters that are shown from the chosen place on."""
HEIGHT = 460


def asked(job: Job) -> None:
    st.session_state["manuscripts_job"] = job.id
    st.session_state["manuscripts_upload"] = st.session_state.get("manuscripts_upload", 0) + 1
    st.rerun()


def at_work() -> None:
    """The reading that runs, and what became of the last one that this page asked for."""
    live.follow_all("import")
    asked = st.session_state.get("manuscripts_job")
    last = jobs.get(asked) if asked else None
    if last is None or not last.ended:
        return
    if last.failure:
        problems.show(last.failure)
    for problem in manuscripts.refused(last):
        problems.show(problem)
    if st.session_state.get("manuscripts_read") != asked:
        st.session_state["manuscripts_read"] = asked
        if read := manuscripts.imported(last):
            st.session_state["manuscripts_shown"] = read[0].family


def upload() -> None:
    again.keep("manuscripts_upload")
    round_ = st.session_state.get("manuscripts_upload", 0)
    endings = manuscripts.endings()
    footnotes = st.checkbox(
        _("Keep footnotes"),
        help=_("They are left out otherwise: a voice should not learn to write them."),
        key=f"manuscripts_footnotes_{round_}",
    )
    files = uploads(
        _("Your manuscripts"),
        f"manuscripts_files_{round_}",
        type=[ending.removeprefix(".") for ending in endings],
        accept_multiple_files=True,
        help=_(
            "Word, EPUB, Scrivener (as a zip), text and more: {endings}. A zip may hold many."
        ).format(endings=", ".join(endings)),
    )
    if not files:
        return
    with problems.told():
        sets = [manuscripts.uploaded(file.name, file.getvalue()) for file in files]
        if len(sets) == 1 and len(sets[0].files) == 1:
            asked(manuscripts.bring_in(sets, footnotes=footnotes))
        if job := uploading.arrange(sets, footnotes, f"manuscripts_arrange_{round_}"):
            asked(job)


def samples() -> None:
    st.write(_("Or try the studio with a sample that was written for it:"))
    with st.container(horizontal=True):
        for sample in manuscripts.samples():
            label = f"{sample.title} ({words.language_name(sample.language)})"
            if st.button(label, key=f"manuscripts_sample_{sample.kind}", icon=":material/book_2:"):
                with problems.told():
                    job = manuscripts.bring_in_sample(sample.kind)
                    st.session_state["manuscripts_job"] = job.id
                    st.rerun()


def understood(record: ManuscriptRecord) -> None:
    """What became of the file: counts, chapters, encoding."""
    chapters = len(record.chapters)
    said = n_(
        "{length} of {language} in {n} chapter, read as {encoding}.",
        "{length} of {language} in {n} chapters, read as {encoding}.",
        chapters,
    )
    st.write(
        said.format(
            length=words.length(record),
            language=words.language_name(record.language),
            n=chapters,
            encoding=plain(record.encoding.upper()),
        )
    )


def read(record: ManuscriptRecord, manuscript: Manuscript) -> None:
    """The outline beside the text."""
    left, right = st.columns([2, 3], gap="large")
    key = f"manuscripts_outline_{record.id}"
    with left:
        place = outline(manuscripts.outline(record.id), 0, key=key, height=HEIGHT)
    with right:
        text = manuscript.text[place : place + AHEAD]
        name = f"manuscripts_prose_{record.id}_{place}"
        prose(text, record.language, key=name, height=HEIGHT, label=_("The cleaned text"))


def cleaned(record: ManuscriptRecord, manuscript: Manuscript) -> None:
    """What cleaning did and what it offers, to be decided by the writer."""
    for note in record.notes:
        st.caption(f":material/cleaning_services: {plain(note)}")
    if not manuscript.removals:
        st.write(_("Nothing was found in the file that is not your prose."))
        return
    count = sum(removal.count for removal in manuscript.removals)
    said = n_(
        "{n} place in the file is not your prose, as far as the studio can tell. "
        "What is ticked is left out of the manuscript.",
        "{n} places in the file are not your prose, as far as the studio can tell. "
        "What is ticked is left out of the manuscript.",
        count,
    )
    st.write(said.format(n=count))
    wanted = cleaning.decide(record.id, manuscript)
    changed = wanted != decided(manuscript.removals)
    label = _("Read it again with these choices")
    if st.button(label, disabled=not changed, icon=":material/refresh:"):
        with problems.told():
            st.session_state["manuscripts_job"] = manuscripts.reread(record.id, wanted).id
            st.rerun()


def decided(removals: tuple[Removal, ...]) -> Decisions:
    """The decisions that the manuscript was read with, spelled out."""
    return Decisions(
        keep=frozenset(r.id for r in removals if not r.removed),
        drop=frozenset(r.id for r in removals if r.removed),
    )


def versions(record: ManuscriptRecord) -> None:
    found = manuscripts.versions(record.id)
    st.write(_("Every reading is kept. Datasets say which version they were made of."))
    st.dataframe(
        {
            _("Version"): [v.version for v in found],
            _("Read"): [words.when(v.created_at) for v in found],
            _("Length"): [words.length(v) for v in found],
            _("Chapters"): [len(v.chapters) for v in found],
            _("File"): [v.file for v in found],
        },
        hide_index=True,
        key=f"manuscripts_versions_{record.id}",
    )


def show(record: ManuscriptRecord) -> None:
    st.subheader(plain(record.title))
    understood(record)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("Prepare a dataset of it"), type="primary", icon=":material/arrow_forward:"):
            st.session_state["datasets_chosen"] = [record.id]
            st.switch_page(navigation.page("datasets"))
        if st.button(_("Delete"), key="manuscripts_delete", icon=":material/delete:"):
            manuscripts.delete(record.id)
            undo.remember("manuscripts", record.id, record.title)
            st.rerun()
    manuscript = manuscripts.manuscript(record.id)
    of_chapters, of_cleaning, of_versions = st.tabs([_("Chapters"), _("Cleaning"), _("Versions")])
    with of_chapters:
        read(record, manuscript)
    with of_cleaning:
        cleaned(record, manuscript)
    with of_versions:
        versions(record)


def choose(records: list[ManuscriptRecord]) -> ManuscriptRecord:
    by_family = {r.family: r for r in records}
    if len(records) == 1:
        return records[0]
    names = {i: f"{r.title} · {words.length(r)}" for i, r in by_family.items()}
    chosen = choice(_("Manuscript"), names, "manuscripts_shown")
    return by_family[chosen]


guard()
st.title(_("Manuscripts"))
st.write(_("What you have written is what the model will learn from. It stays on this machine."))
undo.offer("manuscripts", manuscripts.restore)
with live.passing():
    at_work()
found = manuscripts.list_all()
if found:
    with st.expander(_("Bring in more"), icon=":material/add:"):
        upload()
        samples()
    with live.passing():
        chosen = choose(found)
    show(chosen)
else:
    upload()
    samples()
