"""A select box over records, which keeps its choice from page to page."""

from __future__ import annotations

import streamlit as st

from studio.ui import again, words


def choice(label: str, names: dict[str, str], key: str) -> str:
    """The id that is chosen of ``names`` (id to label), kept under ``key`` in the session.

    What a page puts under ``key`` is shown; what is not among the names gives way to the first.
    """
    again.keep(key)
    box = f"{key}_box"

    def keep() -> None:
        st.session_state[key] = st.session_state[box]

    kept = st.session_state.get(key)
    st.session_state[key] = st.session_state[box] = kept if kept in names else next(iter(names))
    shown = words.distinct(names)
    chosen: str = st.selectbox(
        label, list(names), format_func=shown.__getitem__, key=box, on_change=keep
    )
    return chosen
