"""``up``, ``doctor``, ``backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli import output
from studio.cli.output import AsJson
from studio.services import runner
from studio.services import system as services
from studio.settings import settings

MARKS = {"ok": "ok", "warn": "look", "missing": "missing"}


def up(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the pages; default: 8501.")
    ] = None,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when the program that started this ends.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Open the studio: pages, broker, recorder and workers, until Ctrl-C."""
    chosen = port or settings().port
    runner.check_port(chosen)
    if as_json:
        output.show_json({"url": f"http://localhost:{chosen}", "data": str(settings().data)})
    runner.up(chosen, with_parent)


def doctor(as_json: AsJson = False) -> None:
    """Say what is installed and running, and what to do about what is not."""
    report = services.doctor()
    if as_json:
        output.show_json(report)
    else:
        rows = [(MARKS[r["level"]], r["name"], r["value"], r["remedy"]) for r in report["rows"]]
        output.show_table(("", "What", "Found", "What to do"), rows)
    if not report["ok"]:
        raise typer.Exit(1)


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write the backup.")],
    everything: Annotated[
        bool, typer.Option("--everything", help="Take downloaded and converted base models along.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put everything that cannot be made again into one file; the studio may go on running."""
    kept = services.backup(file, everything)
    output.show_json(kept) if as_json else output.show_facts(kept)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that backup wrote.")],
    as_json: AsJson = False,
) -> None:
    """Bring a backup back; what was there before is kept aside."""
    found = services.restore(file)
    output.show_json(found) if as_json else output.show_facts(found)
