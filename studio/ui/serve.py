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
from streamlit.web import cli

from studio.settings import ROOT, settings

FIRST = ("studio.ui.guard", "studio.ui.journey", "studio.ui.engine")
"""What the first page imports: loaded before its visitor comes, who need not wait for it."""


def hold_to_the_page() -> None:
    """Have a page that the reader has gone to outlast the ticks of the one before.

    A part of a page that runs again every second is asked for with the address of its page.
    Streamlit puts that address over the one of a whole page that is asked for and has not begun:
    a click on a link was lost. A whole page runs all its parts, so the tick can go.
    """
    ask = ScriptRequests._request_rerun_locked

    def asked(self: ScriptRequests, wanted: RerunData) -> bool:
        is_awaited = self._state is ScriptRequestType.RERUN and _is_full_app_rerun(self._rerun_data)
        return (wanted.is_auto_rerun and is_awaited) or ask(self, wanted)

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
