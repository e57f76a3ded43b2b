"""A page is asked for again when its server has started again, with what is open on it.

What was typed stands in the fields of the page, and comes back with them. What else the old server
knew of the page (what is chosen and unfolded, on which text a form was opened, that the writer has
signed in) is given to the browser tab to hold, and taken from it by the new one.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st

FILES = Path(__file__).parent / "components"
KEYS = "again_keys"
SESSION = "again_session"
ASKED = "again_asked"
PATIENCE, LOOK = 1.0, 0.05
"""Seconds that a tab is given to say what it holds, and between two looks."""
NOT_TAKEN = ("again_", "signin_")
"""How the names begin of what this module and the gate know for themselves, whatever a tab says."""
SERVER = uuid.uuid4().hex
"""Of this process: what it alone knows of, such as files that were given to it, ends with it."""


def keep(*keys: str) -> None:
    """Have the browser tab hold these entries of the session, which the page itself put there. They
    come back as JSON has them: an object as a dict of its attributes, a tuple as a list."""
    st.session_state.setdefault(KEYS, set()).update(keys)


def held() -> dict[str, Any]:
    """What the tab was given to hold by a session that is no more: mostly nothing. It shows
    nothing."""
    found = parsed(_component()(key="again", on_again_change=lambda: None).again)
    return {} if found.pop(SESSION, session()) == session() else found


def parsed(sent: object) -> dict[str, Any]:
    """What a tab sent, which may be anything: whoever sits before it may not have signed in."""
    try:
        found = json.loads(sent) if isinstance(sent, str) else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def session() -> str:
    """What tells this session from any other."""
    mine: str = st.session_state.setdefault(SESSION, uuid.uuid4().hex)
    return mine


@contextmanager
def again(before: Mapping[str, Any]) -> Iterator[None]:
    """A page runs within this: first it is given what was ``held`` before, and when it has run,
    the tab is given what is to be kept. It shows nothing."""
    place = st.empty()
    given = {name: value for name, value in before.items() if not name.startswith(NOT_TAKEN)}
    keep(SESSION, *given)
    for name, value in given.items():
        st.session_state[name] = value
    try:
        yield
    finally:
        with place:
            _hold({k: st.session_state[k] for k in _keys() if k in st.session_state})


def wait() -> None:
    """Give the tab a moment to say what it holds, once in a session: Streamlit asks for a page that
    its server was killed within before the tab can, and would take what is typed on it away. The
    run that the tab asks for takes the place of this one."""
    if ASKED in st.session_state:
        return
    st.session_state[ASKED] = True
    place = st.empty()
    for _look in range(int(PATIENCE / LOOK)):
        time.sleep(LOOK)
        place.empty()


def let_go() -> None:
    """Have the tab hold nothing: whoever sits before it now has not signed in."""
    _hold({})


def _hold(what: Mapping[str, Any]) -> None:
    _component()(key="again_kept", data=json.dumps(what, default=vars))


def _keys() -> list[str]:
    return sorted(st.session_state.get(KEYS, ()))


def _component() -> Callable[..., Any]:
    script = (FILES / "again.js").read_text(encoding="utf-8")
    component: Callable[..., Any] = st.components.v2.component("lorewright_again", js=script)
    return component
