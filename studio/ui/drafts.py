"""A field for a longer text, which is still there when its writer comes back from another page."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.ui import again


def drafted(label: str, key: str, begin: str = "", **options: Any) -> str:
    """What stands in the field, kept under ``key`` in the session; ``begin`` is what it begins
    with, ``options`` are a text area's own."""
    again.keep(key)
    kept = st.session_state.get(key, begin)
    text: str = st.text_area(label, kept, key=f"{key}_box", **options)
    st.session_state[key] = text
    return text
