"""Forms that stay on a page: what each was opened with, and saving it over nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

from studio.errors import Overtaken, StudioError
from studio.ui import again, problems

T = TypeVar("T")


@dataclass
class Opened(Generic[T]):
    """``shown`` is what its fields began with: they would lose what was typed if that changed
    while the form is open. ``base`` is the text that the writer last saw of it. Fields whose keys
    end in ``turn`` begin anew where another text is shown."""

    shown: T
    base: T
    turn: int = 0

    def show(self, text: T) -> None:
        """Let the fields begin with another text."""
        self.shown = self.base = text
        self.turn += 1


def opened(key: str, now: T) -> Opened[T]:
    """The form under this key, opened with what is there ``now`` if it is new."""
    name = f"{key}_opened"
    again.keep(name)
    held = st.session_state.get(name, Opened(now, now))
    if isinstance(held, dict):  # as the tab held it, perhaps for another version of the studio
        whole = held.keys() == vars(Opened(now, now)).keys()
        held = Opened(**held) if whole else Opened(now, now)
    found: Opened[T] = held
    st.session_state[name] = found
    return found


def saved(form: Opened[T], save: Callable[[T], object], now: Callable[[], T]) -> bool:
    """Whether ``save`` could put what was typed in the place of the base. Where another window
    was quicker the writer is told what it wrote, and saving again goes over that."""
    try:
        save(form.base)
    except Overtaken as problem:
        form.base = now()
        problems.show(problem)
        return False
    except StudioError as problem:
        problems.show(problem)
        return False
    form.shown = form.base = now()
    return True


def renamed(
    key: str,
    label: str,
    submit: str,
    now: Callable[[], str],
    rename: Callable[[str, str], object],
) -> bool:
    """A form with the name of something; whether ``rename`` took what was typed for its base."""
    asked = opened(key, now())
    with st.form(f"{key}_form", border=False):
        name = st.text_input(label, asked.shown, key=key)
        return st.form_submit_button(submit) and saved(asked, lambda base: rename(name, base), now)


def forget(prefix: str) -> None:
    """Open the forms whose keys begin so anew: the studio itself changed what they show."""
    for key in [str(k) for k in st.session_state if str(k).startswith(prefix)]:
        if key.endswith("_opened"):
            del st.session_state[key]
