"""The desk: a story, a page to write on, and a voice that goes on where you stop."""

from collections.abc import Callable

import streamlit as st

from studio.domain.jobs import Job, JobState
from studio.domain.records import Generation, Revision, StoryRecord
from studio.domain.voices import Voice
from studio.errors import StudioError
from studio.language import _, n_
from studio.services import devices, engine, jobs, stories, writing
from studio.ui import again, desk, live, navigation, problems, undo, words
from studio.ui.choice import choice
from studio.ui.guard import guard
from studio.ui.opened import renamed
from studio.ui.prose import prose

EVERY = 0.3


def begin(*, first: bool) -> None:
    """The form for a new story."""
    with st.form("desk_new", border=False):
        title = st.text_input(_("Title"), placeholder=_("Untitled"))
        language = st.radio(
            _("Language"), ["en", "zh"], format_func=words.language_name, horizontal=True
        )
        kind = "primary" if first else "secondary"
        if st.form_submit_button(_("Begin the story"), type=kind, icon=":material/edit_note:"):
            st.session_state["desk_story"] = stories.create(title, language).id
            st.rerun()


def choose(found: list[StoryRecord]) -> StoryRecord:
    """The story on the desk, and what can be done with it as a whole."""
    by_id = {story.id: story for story in found}
    newest = sorted(found, key=lambda story: story.created_at, reverse=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = {story.id: story.title for story in newest}
        chosen = choice(_("Story"), names, "desk_story")
        with st.popover(_("New"), icon=":material/add:"):
            begin(first=False)
        with st.popover(_("This story"), icon=":material/more_horiz:"):
            whole(by_id[chosen])
    return by_id[chosen]


def whole(story: StoryRecord) -> None:
    """Rename, revisions, delete."""
    if renamed(
        f"desk_title_{story.id}",
        _("Title"),
        _("Save the title"),
        lambda: stories.get(story.id).title,
        lambda title, base: stories.rename(story.id, title, base),
    ):
        st.rerun()
    kept = stories.revisions(story.id)[1:51]
    if kept:
        by_number = {revision.revision: revision for revision in kept}
        number = st.selectbox(
            _("Earlier versions"),
            list(by_number),
            format_func=words.distinct(
                {n: version_name(r) for n, r in by_number.items()}
            ).__getitem__,
            help=_("Every saved version is kept."),
            key=f"desk_revision_{story.id}",
        )
        prose(
            by_number[number].text[-400:], story.language,
            key=f"desk_old_{story.id}_{number}", height=160,
        )  # fmt: skip
        if st.button(_("Bring this version back"), icon=":material/history:"):
            stories.restore_revision(story.id, number)
            desk.changed_here()
            st.rerun()
    if st.button(_("Delete the story"), icon=":material/delete:"):
        stories.delete(story.id)
        undo.remember("desk", story.id, story.title)
        st.rerun()


def version_name(kept: Revision) -> str:
    length = len(kept.text)
    said = n_("{when}, {n} character", "{when}, {n} characters", length)
    return said.format(when=words.when(kept.at), n=words.count(length))


def notices(story_id: str) -> None:
    """What happened to the text, until the writer has read it."""
    found = desk.notices(story_id)
    if "elsewhere" in found:
        st.warning(
            _(
                "This story was also changed in another window. What you typed here is saved; "
                "the other text is under Earlier versions."
            ),
            icon=":material/history:",
        )
    if "stray" in found:
        st.info(
            _(
                "Text that was typed before, and had not reached the studio, is now under "
                "Earlier versions."
            ),
            icon=":material/history:",
        )
    if found:
        st.button(_("Understood"), icon=":material/check:", on_click=found.clear)


def deleted(story: StoryRecord) -> None:
    """Another window has deleted what is being written on here."""
    st.warning(
        _("This story was deleted in another window. What you type here is still saved in it."),
        icon=":material/delete:",
    )
    if st.button(_("Bring it back"), icon=":material/undo:"):
        stories.restore(story.id)
        st.rerun()


def write_here(story_id: str) -> None:
    """The editor and its keys; saving runs only this part of the page again."""
    devices.expect(engine.WRITE)
    story = stories.get(story_id)
    desk.try_again()
    with live.passing():
        if story.deleted_at:
            deleted(story)
        notices(story_id)
        if unsaved := st.session_state.pop(desk.UNSAVED, None):
            problems.show(unsaved)
    desk.page(story)
    if st.session_state.pop(desk.GO, False):
        if not writing.pending(story_id):
            go_on(story_id)
        st.rerun()
    if st.session_state.pop(desk.HALT, False):
        for page in writing.pending(story_id):
            jobs.cancel(page.job_id)
        st.rerun()


def go_on(story_id: str) -> None:
    """Ask the chosen voice for the next page."""
    voice = st.session_state.get("desk_voice")
    if voice is None:
        return
    try:
        tokens = st.session_state.get("desk_length", 160)
        writing.continue_page(story_id, voice, max_tokens=tokens)
    except StudioError as problem:
        st.session_state["desk_problem"] = problem


def waiting(story_id: str) -> None:
    """Pages that were asked for and are neither kept nor discarded."""
    for page in writing.pending(story_id):
        passage(page, jobs.get(page.job_id))


def none_grows(story_id: str) -> bool:
    """Whether no page of a story is being written."""
    return all(live.ended(page.job_id) for page in writing.pending(story_id))


def passage(page: Generation, job: Job) -> None:
    """One page, growing or waiting to be judged."""
    if job.state is JobState.CANCELLED and not page.text.strip():
        writing.discard(page.job_id)
        st.rerun()
    if not job.ended:
        said = _("writing…") if page.text else words.state(job)
        st.caption(f":material/ink_pen: {said}")
    else:
        said = (
            _("{voice} came this far. Copy what you want of it; your text is untouched.")
            if job.failure
            else _("{voice} went on like this. Keep it, or not: your text is untouched so far.")
        )
        st.caption(said.format(voice=words.plain(writing.voice_name(page.voice))))
    language = stories.get(page.story_id).language
    if page.text:
        prose(page.text.strip(), language, key=f"desk_page_{page.job_id}", framed=True, follow=True)
    if job.failure:
        problems.show(job.failure)


def judge(page: Generation) -> None:
    """Keep, try again or discard a page that has come to its end."""
    whole = bool(page.text.strip()) and jobs.get(page.job_id).state is not JobState.FAILED
    with st.container(horizontal=True):
        if whole and st.button(_("Keep"), type="primary", icon=":material/check:"):
            settle(writing.accept, page)
            desk.changed_here()
            st.rerun()
        if st.button(_("Try again"), icon=":material/refresh:"):
            if settle(writing.discard, page):
                go_on(page.story_id)
            st.rerun()
        if st.button(_("Discard"), icon=":material/close:"):
            settle(writing.discard, page)
            st.rerun()


def settle(way: Callable[[str], object], page: Generation) -> bool:
    """Whether a page could be kept or discarded: another window may have been quicker."""
    try:
        way(page.job_id)
    except StudioError as problem:
        st.session_state["desk_problem"] = problem
        return False
    return True


def voice_of(story: StoryRecord, found: list[Voice]) -> None:
    """Which voice goes on, and how far."""
    again.keep("desk_voice")
    by_id = {voice.id: voice for voice in found}
    fitting = [v.id for v in found if v.language == story.language] or list(by_id)
    if st.session_state.get("desk_voice") not in by_id:
        st.session_state["desk_voice"] = fitting[0]
    options = list(by_id)
    st.session_state["desk_voice"] = st.selectbox(
        _("Voice"),
        options,
        index=options.index(st.session_state["desk_voice"]),
        format_func=words.distinct({i: v.name for i, v in by_id.items()}).__getitem__,
    )
    lengths = {80: _("A paragraph"), 160: _("Half a page"), 320: _("A page")}
    st.session_state["desk_length"] = st.selectbox(
        _("How far"), list(lengths), index=1, format_func=lengths.__getitem__
    )


def bar(story: StoryRecord, pages: list[Generation]) -> None:
    """What can be done now: go on, stop, or judge what was written."""
    alive = [page for page in pages if not jobs.get(page.job_id).ended]
    if alive:
        if st.button(_("Stop"), type="primary", icon=":material/stop:"):
            for page in alive:
                jobs.cancel(page.job_id)
            st.rerun()
    elif pages:
        judge(pages[0])
    else:
        ask(story)


def ask(story: StoryRecord) -> None:
    """Voice, length, and the button that asks for the next page."""
    found = writing.voices()
    if not found:
        st.caption(_("You can write. There is no voice yet to go on with."))
        navigation.link("", _("See what is left to do until then"))
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        voice_of(story, found)
        if st.button(_("Continue"), type="primary", icon=":material/ink_pen:"):
            go_on(story.id)
            st.rerun()


def offer_back() -> None:
    """A story that was deleted while it lay on this desk, in whichever window, can be had back."""
    shown = st.session_state.get("desk_story")
    with problems.told():
        if shown and (gone := stories.get(shown)).deleted_at:
            undo.remember("desk", gone.id, gone.title)

    def restore(story_id: str) -> None:
        stories.restore(story_id)
        st.session_state["desk_story"] = story_id

    undo.offer("desk", restore)


guard()
st.title(_("Desk"))
offer_back()
on_desk = stories.list_all()
if on_desk:
    story = choose(on_desk)
    live.live(write_here, story.id, every=None)
    pages = writing.pending(story.id)
    problem = st.session_state.pop("desk_problem", None)
    with live.passing():
        if problem:
            problems.show(problem)
    grows = not none_grows(story.id)
    every = EVERY if grows else None
    live.live(waiting, story.id, every=every, over=lambda: none_grows(story.id), alive=grows)
    with st.bottom:
        bar(story, pages)
else:
    st.write(_("A story, an empty page. Give it a name and begin; the name can change later."))
    begin(first=True)
