"""What every page does first, however it was opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from studio import language
from studio.errors import StudioError
from studio.language import _
from studio.services import runner
from studio.settings import settings
from studio.ui import problems, signin


def speak() -> None:
    """Use the interface language of this session in this thread."""
    language.use(st.session_state.get("ui_language", settings().language))


def guard(held: Mapping[str, Any] | None = None) -> None:
    """Choose the language, ask for the password, make sure that workers run. ``held`` is what the
    browser tab was given to hold by a page server that is no more.

    Stops the page where a visitor is not signed in. Pages call it although Home.py has:
    a page script that is run on its own must not get round the gate.
    """
    speak()
    signin.sign_in(held or {})
    try:
        if runner.state() is None:
            with st.spinner(_("The studio opens its workshop. This takes some seconds.")):
                runner.ensure_running()
        else:
            runner.ensure_running()
    except StudioError as problem:
        problems.show(problem)
