"""Live parts of a page take no click away from the rest of it, and leave nothing stale on it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests
from streamlit.testing.v1 import AppTest

from studio.ui import live, serve
from tests.waiting import PATIENCE


def page() -> None:
    import streamlit as st

    from studio.ui import live

    live.live(lambda: st.write("working"), over=lambda: True, alive=True)
    if st.button("Keep it"):
        st.session_state["kept"] = True


@pytest.mark.usefixtures("home")
def test_a_click_is_not_lost_when_what_the_page_follows_ends_meanwhile() -> None:
    at = AppTest.from_function(page, default_timeout=PATIENCE).run()
    at.button[0].click().run()
    assert not at.exception
    assert at.session_state["kept"]


def drawn_before_the_end() -> None:
    import streamlit as st

    from studio.ui import live

    ended = st.session_state.get("ended", False)
    st.write("It has ended." if ended else "It goes on.")
    st.session_state["ended"] = True
    live.live(lambda: None, over=lambda: True, alive=not ended)


@pytest.mark.usefixtures("home")
def test_a_page_drawn_just_before_the_end_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_runs_by_itself", lambda: True)
    at = AppTest.from_function(drawn_before_the_end, default_timeout=PATIENCE).run()
    assert not at.exception
    assert [said.value for said in at.markdown] == ["It has ended."]


def address_after(first: dict[str, Any], then: dict[str, Any]) -> str:
    """Which page runs when these are asked for before anything could run."""
    asked = ScriptRequests()
    assert asked.request_rerun(RerunData(**first))
    assert asked.request_rerun(RerunData(**then))
    return asked.on_scriptrunner_ready().rerun_data.page_script_hash


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(
        ScriptRequests, "_request_rerun_locked", ScriptRequests._request_rerun_locked
    )
    serve.hold_to_the_page()
    return monkeypatch


GONE_TO = {"page_script_hash": "voices"}
"""A click on a link."""


@pytest.mark.usefixtures("held")
def test_a_page_that_was_gone_to_is_not_taken_back_by_a_tick_of_the_one_before() -> None:
    tick = {"page_script_hash": "training", "fragment_id": "x", "is_auto_rerun": True}
    assert address_after(GONE_TO, tick) == "voices"
    assert address_after(tick, GONE_TO) == "voices"
    assert address_after(GONE_TO, {"page_script_hash": "desk"}) == "desk"
    assert address_after(tick, tick) == "training"


def test_nor_by_what_the_page_before_asks_when_its_job_has_ended(held: pytest.MonkeyPatch) -> None:
    """``st.rerun`` and ``st.switch_page`` in the script of the page that is left."""
    running = SimpleNamespace(page_script_hash="training")
    held.setattr(serve, "get_script_run_ctx", lambda **_: running)
    again = {"page_script_hash": "training"}
    assert address_after(GONE_TO, again) == "voices"
    assert address_after(GONE_TO, {"page_script_hash": "convert"}) == "voices"
    assert address_after(again, {"page_script_hash": "convert"}) == "convert"
    assert address_after({"page_script_hash": ""}, again) == "training"
    assert address_after(again, again) == "training"
