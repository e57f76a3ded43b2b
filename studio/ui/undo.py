"""Deleting asks nothing and can be undone: the deleted thing's place offers to bring it back."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from studio.language import _
from studio.ui import again, live
from studio.ui.words import plain


def remember(page: str, thing_id: str, name: str) -> None:
    """Note what was just deleted on this page."""
    st.session_state[f"{page}_deleted"] = (thing_id, name)


def offer(page: str, restore: Callable[[str], object]) -> None:
    """A line with an Undo button for what was last deleted on this page."""
    again.keep(f"{page}_deleted")
    place = live.passing()
    deleted = st.session_state.get(f"{page}_deleted")
    if deleted is None:
        return
    thing_id, name = deleted
    with place.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(_("**{name}** is deleted.").format(name=plain(name)))
        if st.button(_("Undo"), key=f"{page}_undo", icon=":material/undo:"):
            restore(thing_id)
            del st.session_state[f"{page}_deleted"]
            st.rerun()
