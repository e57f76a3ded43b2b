"""Keeps Streamlit from taking the folder ``pages`` for its own, old kind of multipage app.

Until ``st.navigation`` has run once in a server process, Streamlit sees a folder called
``pages`` beside Home.py, looks for ``pages/<name>.py``, and greets the first visitor of any
deep link with a false "Page not found" over the right page. ``python -m studio.ui.serve``
settles the flag before the server starts, so that it never happens there. A bare
``streamlit run Home.py`` runs nothing of ours before that first visit: there the greeting is
already on its way when Home.py begins, and is closed as it arrives.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

SCRIPT = Path(__file__).parent / "components" / "cold.js"


def settle(addresses: set[str]) -> None:
    """Declare that navigation is Home.py's, and close the false greeting if one was sent."""
    began_wrongly = bool(PagesManager.uses_pages_directory)
    PagesManager.uses_pages_directory = False
    context = get_script_run_ctx()
    if began_wrongly and context and context.pages_manager.intended_page_name in addresses:
        script = SCRIPT.read_text(encoding="utf-8")
        st.components.v2.component("lorewright_cold", html="<span hidden></span>", js=script)(
            key="cold_greeting"
        )
