"""Starts the page server: ``python -m studio.ui.serve [streamlit options]``."""

from __future__ import annotations

import sys
from importlib import import_module

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

from studio.settings import ROOT, settings

FIRST = ("studio.ui.guard", "studio.ui.journey", "studio.ui.engine")
"""What the first page imports: loaded before its visitor comes, who need not wait for it."""


def main(options: list[str]) -> None:
    """Serve Home.py on the port that settings name, unless the options say otherwise."""
    for module in FIRST:
        import_module(module)
    PagesManager.uses_pages_directory = False  # see studio.ui.cold
    port = [] if "--server.port" in options else ["--server.port", str(settings().port)]
    sys.argv = ["streamlit", "run", str(ROOT / "Home.py"), *port, *options]
    cli.main()


if __name__ == "__main__":
    main(sys.argv[1:])
