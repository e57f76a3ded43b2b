"""A field for words, which are still there when their writer comes back from another page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from studio.ui import again


def drafted(
    label: str, key: str, begin: str = "", field: Callable[..., Any] = st.text_area, **options: Any
) -> str:
    """What stands in the ``field``, kept under ``key`` in the session; ``begin`` is what it begins
    with, ``options`` are the field's own."""
    again.keep(key)
    kept = st.session_state.get(key, begin)
    text: str = field(label, kept, key=f"{key}_box", **options)
    if text == begin:
        st.session_state.pop(key, None)
    else:
        st.session_state[key] = text
    return text
