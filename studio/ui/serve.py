"""Starts the page server: ``python -m studio.ui.serve [streamlit options]``."""

from __future__ import annotations

import sys
from importlib import import_module

from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner_utils.script_requests import (
    RerunData,
    ScriptRequests,
    ScriptRequestType,
    _is_full_app_rerun,
)
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx
from streamlit.web import cli

from studio.settings import ROOT, settings

FIRST = ("studio.ui.guard", "studio.ui.journey", "studio.ui.engine")
"""What the first page imports: loaded before its visitor comes, who need not wait for it."""


def hold_to_the_page() -> None:
    """Have a page that the reader has gone to outlast what the one before still asks for.

    A part of a page that runs again every second, and ``st.rerun`` where its job has ended, ask
    with the address of their page. Streamlit puts that address over the one of a whole page that
    is asked for and has not begun: a click on a link was lost. A whole page runs all its parts,
    so a tick can go; and what a page that is left asks of itself, too.
    """
    ask = ScriptRequests._request_rerun_locked

    def asked(self: ScriptRequests, wanted: RerunData) -> bool:
        awaited = self._rerun_data
        if self._state is ScriptRequestType.RERUN and _is_full_app_rerun(awaited):
            running = get_script_run_ctx(suppress_warning=True)  # none where the browser asks
            is_left = running and awaited.page_script_hash not in ("", running.page_script_hash)
            if wanted.is_auto_rerun or is_left:
                return True
        return ask(self, wanted)

    ScriptRequests._request_rerun_locked = asked  # type: ignore[assignment, method-assign]


def main(options: list[str]) -> None:
    """Serve Home.py on the port that settings name, unless the options say otherwise."""
    for module in FIRST:
        import_module(module)
    hold_to_the_page()
    PagesManager.uses_pages_directory = False  # see studio.ui.cold
    port = [] if "--server.port" in options else ["--server.port", str(settings().port)]
    sys.argv = ["streamlit", "run", str(ROOT / "Home.py"), *port, *options]
    cli.main()


if __name__ == "__main__":
    main(sys.argv[1:])
