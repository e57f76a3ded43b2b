"""``bench``: the studio against its targets."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

import typer

from studio.cli import output
from studio.cli.output import AsJson

Name = Literal[
    "start", "jobs", "events", "training", "imports", "text", "memory", "voices", "curves"
]
Corpus = Annotated[
    Path | None, typer.Option(help="Folder with novels in “en” and “zh”, for “text” and “voices”.")
]


def bench(
    name: Annotated[Name, typer.Argument(help="What to measure.")],
    corpus: Corpus = None,
    as_json: AsJson = False,
) -> None:
    """Measure one part of the studio; the numbers, and whether they meet their targets."""
    measure = import_module(f"studio.bench.{name}").run
    found = measure(corpus) if name in ("text", "voices") else measure()
    if as_json:
        output.show_json(found)
        return
    rows = [
        (key, value, *_target(found["targets"].get(key))) for key, value in found["results"].items()
    ]
    output.show_table(("Measure", "Result", "Target", ""), rows)


def _target(target: dict[str, float] | None) -> tuple[object, str]:
    if target is None:
        return "", ""
    return target["limit"], "met" if target["met"] else "missed"
