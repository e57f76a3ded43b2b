"""A page is asked for again when its server has started again, with what is open on it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

FILES = Path(__file__).parent / "components"


def again() -> None:
    """Mount what watches the connection; it shows nothing."""
    component = st.components.v2.component(
        "lorewright_again", js=(FILES / "again.js").read_text(encoding="utf-8")
    )
    component(key="again", on_again_change=lambda: None)
