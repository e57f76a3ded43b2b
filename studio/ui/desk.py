"""What the desk does with what the editor sends: save it, and lose nothing on the way."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.domain.records import StoryRecord
from studio.errors import StudioError, Unwritten
from studio.services import stories
from studio.ui import again
from studio.ui.editor import editor

EDITOR = "desk_editor"
VERSION = "desk_version"
SEEN = "desk_seen"
OWN = "desk_own_revision"
GO = "desk_go"
HALT = "desk_halt"
NOTICES = "desk_notices"
UNSAVED = "desk_unsaved"
STRAYS = "desk_strays"
HELD = "desk_strays_held"


def notices(story_id: str) -> set[str]:
    """What the writer has yet to read about a story: "elsewhere", "stray"."""
    found: set[str] = st.session_state.setdefault(f"{NOTICES}_{story_id}", set())
    return found


def text_changed() -> None:
    """Save what was typed. What another window wrote meanwhile stays among the revisions."""
    typed = _sent("text")
    if not typed:
        return
    try:
        before = stories.get(typed["story"])
        own = stories.save(typed["story"], typed["text"])
    except StudioError as problem:  # the page still has the text, and sends it with the next word
        st.session_state[UNSAVED] = problem
        return
    known = (typed["base"], st.session_state.get(OWN))
    if before.revision not in known and before.text != typed["text"]:
        notices(typed["story"]).add("elsewhere")
    st.session_state[OWN], st.session_state[SEEN] = own, typed["number"]


def stray_found() -> None:
    """Keep text that never reached the studio as a revision, below the text as it is now."""
    stray = _sent("stray")
    if stray:
        again.keep(STRAYS)
        st.session_state.setdefault(STRAYS, []).append(stray)
        _put_strays_by()


def try_again() -> None:
    """Put by what could not be put by before, unless that has just been tried."""
    if UNSAVED not in st.session_state:
        _put_strays_by()


def _put_strays_by() -> None:
    waiting = st.session_state.get(STRAYS, [])
    for stray in list(waiting):
        try:
            stories.set_aside(stray["story"], stray["text"])
        except StudioError as problem:
            st.session_state[UNSAVED] = problem
            if isinstance(problem, Unwritten):
                return
            continue
        waiting.remove(stray)
        notices(stray["story"]).add("stray")
        changed_here()


def _waits_unheld() -> bool:
    """Whether text waits to be put by that the browser tab does not hold yet: it is given what it
    is to hold by a run of the whole page alone. Asked once for each."""
    waiting = len(st.session_state.get(STRAYS, []))
    held: int = st.session_state.get(HELD, 0)
    st.session_state[HELD] = waiting
    return waiting > held


def _sent(name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = st.session_state[EDITOR].get(name)
    return found


def changed_here() -> None:
    """Note that the studio itself changed the text, so that the editor takes it over."""
    st.session_state[VERSION] = st.session_state.get(VERSION, 0) + 1


def _asked(key: str) -> None:
    st.session_state[key] = True


def page(story: StoryRecord) -> None:
    """The editor with the story in it."""
    editor(
        story,
        key=EDITOR,
        version=st.session_state.get(VERSION, 0),
        seen=st.session_state.get(SEEN, 0),
        on_text=text_changed,
        on_stray=stray_found,
        on_go=lambda: _asked(GO),
        on_halt=lambda: _asked(HALT),
    )
    if _waits_unheld():
        st.rerun()
