"""Live parts of a page take no click away from the rest of it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.waiting import PATIENCE


def page() -> None:
    import streamlit as st

    from studio.ui import live

    looks = []

    def ends_meanwhile() -> bool:
        looks.append("look")
        return len(looks) > 1

    live.live(lambda: st.write("working"), over=ends_meanwhile)
    if st.button("Keep it"):
        st.session_state["kept"] = True


@pytest.mark.usefixtures("home")
def test_a_click_is_not_lost_when_what_the_page_follows_ends_meanwhile() -> None:
    at = AppTest.from_function(page, default_timeout=PATIENCE).run()
    at.button[0].click().run()
    assert not at.exception
    assert at.session_state["kept"]
