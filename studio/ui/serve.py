"""Starts the page server: ``python -m studio.ui.serve [streamlit options]``."""

from __future__ import annotations

import sys

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

from studio.settings import ROOT, settings


def main(options: list[str]) -> None:
    """Serve Home.py on the port that settings name, unless the options say otherwise."""
    PagesManager.uses_pages_directory = False  # see studio.ui.cold
    port = [] if "--server.port" in options else ["--server.port", str(settings().port)]
    sys.argv = ["streamlit", "run", str(ROOT / "Home.py"), *port, *options]
    cli.main()


if __name__ == "__main__":
    main(sys.argv[1:])
