"""The sign-in gate: one password, asked once as long as a page stays open, and slower with each
wrong guess."""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

import streamlit as st

from studio.language import _, n_
from studio.services import passes
from studio.settings import settings
from studio.ui import again

SIGNED_IN = "signin_done"
PASS = "signin_pass"
"""What the tab holds, so that a page server that starts again need not ask anew."""
LONGEST_WAIT = 60.0


class Gate:
    """Counts the wrong guesses of all visitors of this process together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong = 0
        self._next_at = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next guess is heard."""
        return max(0.0, self._next_at - now)

    def opens(self, guess: str, password: str, now: float) -> bool:
        """Whether this guess opens the gate; a guess that comes too early never does."""
        with self._lock:
            if self.wait(now):
                return False
            if hmac.compare_digest(_digest(guess), _digest(password)):
                self._wrong = 0
                return True
            self._wrong += 1
            self._next_at = now + min(LONGEST_WAIT, 2.0 ** (self._wrong - 1))
            return False


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


GATE = Gate()


def sign_in(held: Mapping[str, Any]) -> None:
    """Let a signed-in session (or a studio without a password) pass, and one whose tab ``held`` a
    pass; ask everyone else."""
    password = settings().password
    if password is None:
        return
    if st.session_state.get(SIGNED_IN) or passes.is_good(held.get(PASS), time.time()):
        st.session_state[SIGNED_IN] = True
        _give_pass()
        return
    again.wait()
    again.let_go()
    st.title(_("Lorewright"))
    st.write(_("This studio is locked. Its password opens it as long as this page stays open."))
    with st.form("signin_form", border=False):
        guess = st.text_input(_("Password"), type="password", autocomplete="current-password")
        asked = st.form_submit_button(_("Open the studio"), type="primary")
    if asked:
        _answer(guess, password.get_secret_value())
    st.stop()


def _give_pass() -> None:
    """Let the tab hold one; without it the password is asked for again by the next page server."""
    try:
        st.session_state[PASS] = passes.issued(time.time())
    except OSError as problem:
        logging.getLogger(__name__).warning("no pass could be given: %s", problem)
        return
    again.keep(PASS)


def _answer(guess: str, password: str) -> None:
    wait = GATE.wait(time.monotonic())
    if wait:
        seconds = int(wait) + 1
        told = n_("Wait {n} second, then try again.", "Wait {n} seconds, then try again.", seconds)
        st.warning(told.format(n=seconds), icon=":material/hourglass_top:")
    elif GATE.opens(guess, password, time.monotonic()):
        st.session_state[SIGNED_IN] = True
        st.rerun()
    else:
        st.error(_("This is not the password. Type it again."), icon=":material/lock:")
