"""A page is asked for again when its server has started again, with what is open on it.

What was typed stands in the fields of the page, and comes back with them. What else the old server
knew of the page (what is chosen and unfolded, on which text a form was opened) is given to the
browser tab to hold, and taken from it by the new one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st

FILES = Path(__file__).parent / "components"
KEYS = "again_keys"


def keep(*keys: str) -> None:
    """Have the browser tab hold these entries of the session, which the page itself put there; they
    are such as JSON can hold, or objects with such attributes."""
    st.session_state.setdefault(KEYS, set()).update(keys)


@contextmanager
def again() -> Iterator[None]:
    """A page runs within this: before it, what the tab held for a session that is new is taken
    back; after it, the tab is given what is to be kept. It shows nothing."""
    place = st.empty()
    held = _component()(key="again", on_again_change=lambda: None).again
    for name, value in json.loads(held or "{}").items():
        keep(name)
        st.session_state.setdefault(name, value)
    try:
        yield
    finally:
        now = {k: st.session_state[k] for k in _keys() if k in st.session_state}
        with place:
            _component()(key="again_kept", data=json.dumps(now, default=vars))


def _keys() -> list[str]:
    return sorted(st.session_state.get(KEYS, ()))


def _component() -> Callable[..., Any]:
    script = (FILES / "again.js").read_text(encoding="utf-8")
    component: Callable[..., Any] = st.components.v2.component("lorewright_again", js=script)
    return component
